"""A check beside those of schemathesis.

Some addresses refuse what no schema can tell (see schemathesis.toml), with the status of a wrong body. What the bridge
refuses for its shape alone has a sentence of its own, and that is never right for a body that the document allows.
"""

import schemathesis


@schemathesis.check
def what_is_allowed_has_the_right_shape(ctx, response, case):
    generation = case.meta.generation if case.meta else None
    if generation is None or not generation.mode.is_positive:
        return
    text = response.text
    if response.status_code == 400 and "is not as expected" in text:
        raise AssertionError(f"the document allows this, the bridge does not: {text}")

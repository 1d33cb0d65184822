//! The processes that sweep: one as a rule, or several that share the work and of which there are more or fewer each day.
//!
//! Whoever runs several does not restart them all at once. So the way from three to five is gone one process at a time, and
//! in between some slots have two sweepers and others have none.

/// The next step on the way to `wanted` sweepers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The process at this place is started anew, or for the first time, with this share.
    Start(usize, String),
    /// The last process is ended.
    End,
}

/// The next step from these shares to `wanted` sweepers; none: they are there.
pub(super) fn step(shards: &[Option<String>], wanted: usize) -> Option<Step> {
    let share = |at: usize| format!("{}/{wanted}", at + 1);
    let outdated = (0..wanted).find(|at| shards.get(*at).is_none_or(|own| own.as_ref() != Some(&share(*at))));
    match outdated {
        Some(at) => Some(Step::Start(at, share(at))),
        None if shards.len() > wanted => Some(Step::End),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_one_number_to_another_is_gone_one_process_at_a_time() {
        let mut shards = vec![None];
        for (wanted, steps) in [(3, 3), (3, 0), (2, 3), (1, 2), (4, 4)] {
            for left in (0..steps).rev() {
                match step(&shards, wanted) {
                    Some(Step::Start(at, shard)) if at < shards.len() => shards[at] = Some(shard),
                    Some(Step::Start(_, shard)) => shards.push(Some(shard)),
                    Some(Step::End) => drop(shards.pop()),
                    None => panic!("{left} steps are missing"),
                }
            }
            assert_eq!(step(&shards, wanted), None);
            let all: Vec<_> = (1..=wanted).map(|number| Some(format!("{number}/{wanted}"))).collect();
            assert_eq!(shards, all);
        }
    }
}

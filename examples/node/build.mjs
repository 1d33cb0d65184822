// Turns the component into JavaScript, in the folder `logic`: `npm run build -- FILE.wasm`.

import { transpile, writeFiles } from '@bytecodealliance/jco-transpile';

const { files } = await transpile(process.argv[2], { name: 'logic', outDir: 'logic' });
await writeFiles(files);

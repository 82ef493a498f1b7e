export { bounded, bundleFile, bundleText, hashOf, type Bundle } from './bundle.ts';
export { CodeFolder } from './code-folder.ts';
export { examine } from './examine.ts';
export { importCode } from './import-code.ts';

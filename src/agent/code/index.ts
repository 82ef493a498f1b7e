export { bounded, bundleFile, bundleText, hashOf, MOST_BUNDLE_BYTES, type Bundle } from './bundle.ts';
export { CodeFolder } from './code-folder.ts';
export { examine } from './examine.ts';
export { importCode } from './import-code.ts';

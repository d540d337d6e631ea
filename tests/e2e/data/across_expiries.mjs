// Asks STS who we are, over and over for so many seconds, with one client; prints the access keys used and the failures.

import { createRequire } from "node:module";
import { setTimeout } from "node:timers/promises";

const { STSClient, GetCallerIdentityCommand } = createRequire(`${process.argv[2]}/`)("@aws-sdk/client-sts");

const end = performance.now() + 1000 * Number(process.argv[3]);
const client = new STSClient({});
const keys = new Set();
const failures = [];
let calls = 0;
client.middlewareStack.add(
  (next) => (args) => {
    keys.add(args.request.headers.authorization.split("Credential=")[1].split("/")[0]);
    return next(args);
  },
  { step: "finalizeRequest", priority: "low" },
);
while (performance.now() < end) {
  calls += 1;
  try {
    await client.send(new GetCallerIdentityCommand({}));
  } catch (error) {
    failures.push(String(error));
  }
  await setTimeout(250);
}
console.log(JSON.stringify({ calls, keys: [...keys].sort(), failures }));

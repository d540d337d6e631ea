// Asks STS once who we are; prints the answer as a JSON list.

import { createRequire } from "node:module";

const { STSClient, GetCallerIdentityCommand } = createRequire(`${process.argv[2]}/`)("@aws-sdk/client-sts");

const identity = await new STSClient({}).send(new GetCallerIdentityCommand({}));
console.log(JSON.stringify([identity.Arn]));

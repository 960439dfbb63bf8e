// aimock with one file of fixtures on a free port: prints its address as its first line, and ends with its input.
// node aimock_server.mjs PACKAGE FIXTURES
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, fixtures] = process.argv.slice(2);
const { LLMock } = await import(pathToFileURL(join(folder, "dist", "index.js")).href);
const mock = new LLMock({ host: "127.0.0.1", port: 0, logLevel: "warn" });
mock.loadFixtureFile(fixtures);
console.log(await mock.start());
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

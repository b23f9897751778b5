#!/usr/bin/env node
import path from "node:path";
import { fileURLToPath } from "node:url";
import { spawn } from "node:child_process";
import { run, keep } from "./lib/processes.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const services = {
  web: ["node", "dist/server.js"],
  worker: ["node", "dist/worker.js", "--queue", process.env.QUEUE ?? "default"],
};

async function main() {
  if (!process.env.DATABASE_URL) {
    console.error("DATABASE_URL must be set");
    process.exit(1);
  }
  await run("npx", ["prisma", "migrate", "deploy"]);

  for (const [name, [command, ...args]] of Object.entries(services)) {
    keep(command, args, { cwd: here, env: { ...process.env, SERVICE: name } });
  }
  if (process.env.WITH_MAIL === "1") {
    keep("node", ["dist/mail.js"]);
  }
  const proxy = spawn("caddy", ["run", "--config", `${here}/Caddyfile`, "--adapter", "caddyfile"], { stdio: "inherit" });
  proxy.on("exit", (code) => process.exit(code));
  setInterval(() => run("node", ["dist/tidy.js"]), 60 * 60 * 1000);
}

process.on("SIGTERM", () => process.exit(0));
main().catch((error) => {
  console.error(error);
  process.exit(1);
});

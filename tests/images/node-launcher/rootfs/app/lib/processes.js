const { spawn } = require("child_process");

// Settles when the program has ended.
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))));
  });
}

// Starts the program again when it ends.
function keep(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  child.on("exit", () => setTimeout(() => keep(command, args, options), 1000));
  return child;
}

module.exports = { run, keep };

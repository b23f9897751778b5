const shared = { env: { NODE_ENV: "production", REDIS_URL: "redis://127.0.0.1:6379/1" } };

module.exports = {
  apps: [
    { name: "redis", script: "redis-server", interpreter: "none" },
    { ...shared, name: "web", script: "server.js", node_args: "--max-old-space-size=512" },
    { ...shared, name: "worker", script: "worker.js", instances: 2 },
    { name: "bell", script: "./bell.sh", interpreter: "none" },
  ],
};

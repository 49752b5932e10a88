// The process that runs a Node.js function: loads its handler and serves invocations until it is
// killed. Lambda's own environment variables provide everything that it needs.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import util from "node:util";
import { pathToFileURL } from "node:url";

const { AWS_LAMBDA_RUNTIME_API: api, LAMBDA_TASK_ROOT: root, _HANDLER: name } = process.env;
const [host, secret = ""] = api.split(/\/(.*)/s);
const [hostname, port] = host.split(":");
const agent = new http.Agent({ keepAlive: true });
let requestId = "";

function call(method, what, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, agent, headers };
    if (body !== undefined) headers["Content-Length"] = Buffer.byteLength(body);
    const request = http.request(
      { ...options, path: `/${secret && `${secret}/`}2018-06-01/runtime/${what}` },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve([response.headers, Buffer.concat(chunks).toString()]));
      });
    request.on("error", reject);
    request.end(body);
  });
}

class RuntimeError extends Error {
  constructor(type, message) {
    super(message);
    this.name = type;
  }
}

function describe(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? "").split("\n"),
  };
}

function print(level, text) {
  // \r, as Lambda prints it: the log keeps the lines together as one event.
  const line = text.replace(/\r?\n/g, "\r");
  fs.writeSync(1, `${new Date().toISOString()}\t${requestId || "undefined"}\t${level}\t${line}\n`);
}

for (const level of ["trace", "debug", "info", "warn", "error", "log"])
  console[level] = (...values) =>
    print(level === "log" ? "INFO" : level.toUpperCase(), util.format(...values));

async function fail(what, error, label) {
  const document = describe(error);
  print("ERROR", `${label} \t${JSON.stringify(document)}`);
  await call("POST", what, JSON.stringify(document), {
    "Lambda-Runtime-Function-Error-Type": document.errorType,
  });
}

async function dieOf(error, type) {
  const document = new RuntimeError(type, String(error?.stack ?? error));
  await fail(requestId ? `invocation/${requestId}/error` : "init/error", document, "Uncaught");
  process.exit(128);
}
process.on("uncaughtException", (error) => dieOf(error, error?.name ?? "Error"));
process.on("unhandledRejection", (error) => dieOf(error, "Runtime.UnhandledPromiseRejection"));

async function load() {
  const found = /^((?:.*\/)?)([^.]+)\.(.+)$/.exec(name);
  if (!found || name.includes("..")) throw new RuntimeError("Runtime.MalformedHandlerName", "Bad handler");
  const [, folder, file, exported] = found;
  const base = path.resolve(root, folder, file);
  const module = [".js", ".mjs", ".cjs", ""].map((end) => base + end).find((place) => fs.existsSync(place));
  if (!module)
    throw new RuntimeError("Runtime.ImportModuleError", `Error: Cannot find module '${file}'`);
  let loaded;
  try {
    loaded = await import(pathToFileURL(module));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new RuntimeError("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code))
      throw new RuntimeError("Runtime.ImportModuleError", `Error: ${error.message}`);
    throw error;
  }
  const within = (value) => exported.split(".").reduce((outer, key) => outer?.[key], value);
  const handler = within(loaded) ?? within(loaded.default);
  if (typeof handler !== "function")
    throw new RuntimeError("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  return handler;
}

// Called once there is nothing left to do for an invocation.
let whenIdle;
process.on("beforeExit", () => whenIdle?.());

// Resolves to the handler's result, given by a promise, a callback, or the context's old methods.
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const done = (error, result) => (error ? reject(error) : resolve(result));
    const callback = (error, result) => {
      if (context.callbackWaitsForEmptyEventLoop) whenIdle = () => done(error, result);
      else done(error, result);
    };
    whenIdle = () => resolve(null);
    Object.assign(context, { done, succeed: resolve, fail: reject });
    const returned = handler(event, context, callback);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
  });
}

function contextOf(headers) {
  const environ = process.env;
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: environ.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environ.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    memoryLimitInMB: environ.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environ.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environ.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

let handler;
try {
  handler = await load();
} catch (error) {
  await fail("init/error", error, "Uncaught Exception");
  process.exit(1);
}
for (;;) {
  const [headers, event] = await call("GET", "invocation/next");
  requestId = headers["lambda-runtime-aws-request-id"];
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  try {
    const result = await run(handler, JSON.parse(event), contextOf(headers));
    await call("POST", `invocation/${requestId}/response`, JSON.stringify(result) ?? "null");
  } catch (error) {
    await fail(`invocation/${requestId}/error`, error, "Invoke Error");
  }
}

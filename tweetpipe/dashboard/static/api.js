// Calls the server; throws an Error whose message can be shown as it is.

let token = "";

export const setToken = (value) => { token = value; };

export function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return ask(query ? `${path}?${query}` : path, {});
}

export function post(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": token },
    body: JSON.stringify(body),
  });
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new Error("The dashboard’s server does not answer. Check that the dashboard is still running, then try again.");
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) {
    throw new Error(body?.error ?? `The dashboard failed (HTTP ${answer.status}). Look for the reason in the terminal that runs it.`);
  }
  return body;
}

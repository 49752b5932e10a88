// Asks the server; what goes wrong is an Error whose message is for people.

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
    throw new Error("The dashboard’s server does not answer. Is tweetpipe dashboard still running?");
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) {
    throw new Error(body?.error ?? `The dashboard failed (${answer.status}); its terminal may say why.`);
  }
  return body;
}

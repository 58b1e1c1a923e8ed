// Lets a reader run each operation against this very server. Without it the page is complete but for that.
"use strict";
document.documentElement.classList.add("script");

const key = document.getElementById("key");

function request(form) {
  const headers = { Authorization: `Bearer ${key.value.trim()}` };
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const field of form.querySelectorAll("input")) {
    if (field.value === "") continue;
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    if (field.dataset.in === "query") query.set(field.name, field.value);
    if (field.dataset.in === "header") headers[field.name] = field.value;
  }
  const field = form.querySelector("textarea");
  const body = field?.value;
  if (field) headers["Content-Type"] = field.dataset.type;
  return [query.size ? `${path}?${query}` : path, { method: form.dataset.method, headers, body }];
}

async function run(form) {
  const output = form.querySelector("output");
  output.textContent = "…";
  try {
    const started = performance.now();
    const response = await fetch(...request(form));
    const text = await response.text();
    const took = Math.round(performance.now() - started);
    const shown = document.createElement("pre");
    shown.textContent = `${response.status} in ${took} ms, ${response.headers.get("x-request-id")}\n\n${pretty(text)}`;
    output.replaceChildren(shown);
  } catch (error) {
    output.textContent = `No answer: ${error.message}`;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

for (const form of document.querySelectorAll("form[data-path]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(form);
  });
}

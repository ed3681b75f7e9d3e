// The API, read out of /openapi.json.
import { render } from "./vendor/preact.js";
import { useEffect, useState } from "./vendor/hooks.js";
import { get } from "./parts/api.js";
import { html } from "./parts/html.js";
import { ProblemBox } from "./parts/problem.js";

function Docs() {
  const [document, setDocument] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => { get("/openapi.json").then(setDocument, setProblem); }, []);
  return html`
    <header class="top"><h1><a href="/">AutoML</a></h1>
      <nav aria-label="Pages"><a href="/">Studies</a> <a href="/docs" aria-current="page">API</a></nav></header>
    <main id="main">
      <${ProblemBox} problem=${problem} />
      ${document && html`
        <h2>${document.info.title} ${document.info.version}</h2>
        <p class="quiet">${document.info.description} The whole description for programs: <a href="/openapi.json">/openapi.json</a></p>
        ${byTag(document).map(([tag, operations]) => html`
          <section key=${tag}><h3>${tag}</h3>
            ${operations.map((one) => html`<${Operation} key=${one.method + one.path} ...${one} document=${document} />`)}</section>`)}`}
    </main>`;
}

function byTag(document) {
  const tags = new Map();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const tag = operation.tags?.[0] ?? "service";
      tags.set(tag, [...(tags.get(tag) ?? []), { method: method.toUpperCase(), path, operation }]);
    }
  }
  return [...tags];
}

function Operation({ method, path, operation, document }) {
  const parameters = operation.parameters ?? [];
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  return html`
    <details class="operation">
      <summary><b class="method">${method}</b> <code>${path}</code> <span class="quiet">${operation.description ?? operation.summary}</span></summary>
      ${parameters.length > 0 && html`
        <h4>Parameters</h4>
        <table><tbody>${parameters.map((one) => html`
          <tr key=${one.in + one.name}><th scope="row"><code>${one.name}</code>${one.required && " *"}</th><td>${one.in}</td>
            <td>${kind(one.schema, document)}</td><td>${one.description ?? ""}</td></tr>`)}</tbody></table>`}
      ${bodies.map(([type, { schema }]) => html`<h4 key=${type}>Body: ${type}</h4><${Schema} schema=${schema} document=${document} />`)}
      <h4>Answers</h4>
      <ul>${Object.entries(operation.responses).map(([status, answer]) => html`
        <li key=${status}><b>${status}</b> ${answer.description}
          ${status < "4" && Object.entries(answer.content ?? {}).map(([type, { schema }]) => html`
            <div key=${type}><small>${type}</small><${Schema} schema=${schema} document=${document} /></div>`)}</li>`)}</ul>
    </details>`;
}

function Schema({ schema, document, depth = 0 }) {
  const found = resolve(schema, document);
  const fields = Object.entries(found?.properties ?? {});
  if (!fields.length || depth > 4) return html`<p><code>${kind(schema, document)}</code></p>`;
  return html`
    <table><tbody>${fields.map(([name, field]) => {
      const inner = object(field, document);
      return html`
        <tr key=${name}><th scope="row"><code>${name}</code>${found.required?.includes(name) && " *"}</th>
          <td><code>${kind(field, document)}</code>${field.description && html`<div class="quiet">${field.description}</div>`}
            ${inner && depth < 4 && html`<${Schema} schema=${inner} document=${document} depth=${depth + 1} />`}</td></tr>`;
    })}</tbody></table>`;
}

const resolve = (schema, document) =>
  (schema?.$ref ? document.components.schemas[schema.$ref.split("/").at(-1)] : schema);

/** Returns the schema of an object that a field holds, by itself, as an item or as an alternative. */
function object(field, document) {
  const seen = [field, field?.items, ...(field?.anyOf ?? []), ...(field?.allOf ?? [])];
  return seen.map((one) => resolve(one, document)).find((one) => one?.properties) ?? null;
}

function kind(schema, document) {
  if (!schema) return "anything";
  if (schema.$ref) return kind(resolve(schema, document), document);
  if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => kind(one, document)))].join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `[${kind(schema.items, document)}]`;
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  return schema.type === "string" && schema.format === "binary" ? "file" : schema.type ?? "anything";
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${Docs} />`, root);

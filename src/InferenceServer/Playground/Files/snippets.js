// The request as code to copy. Each streams, and needs nothing that its language does not bring along.

/** url: of this server; hasKey: whether it wants a key, which is never written out. */
export const snippets = { curl, node, csharp };

function curl(url, body, hasKey) {
  const key = hasKey ? " -H \"Authorization: Bearer $API_KEY\"" : "";
  const json = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -N '${url}' -H 'Content-Type: application/json'${key} -d '${json}'`;
}

function node(url, body, hasKey) {
  const key = hasKey ? ", Authorization: `Bearer ${process.env.API_KEY}`" : "";
  return `// node request.mjs
const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { "Content-Type": "application/json"${key} },
  body: JSON.stringify(${indent(JSON.stringify(body, null, 2), "  ")}),
});
if (!response.ok) throw new Error(await response.text());

let rest = "";
for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  const events = (rest + text).split("\\n\\n");
  rest = events.pop();
  for (const event of events) {
    const [, name, data] = /^event: (.*)\\ndata: (.*)$/.exec(event) ?? [];
    if (name === "thought" || name === "answer") console.log(name.padEnd(8), JSON.parse(data).layer, JSON.stringify(JSON.parse(data).text));
  }
}
`;
}

function csharp(url, body, hasKey) {
  const json = JSON.stringify(body, null, 2);
  const quotes = "\"".repeat(Math.max(3, longestRun(json) + 1));
  const key = hasKey ? "\nhttp.DefaultRequestHeaders.Authorization = new(\"Bearer\", Environment.GetEnvironmentVariable(\"API_KEY\"));" : "";
  return `// .NET 10: dotnet run request.cs
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;

using var http = new HttpClient();${key}
using var request = new HttpRequestMessage(HttpMethod.Post, ${JSON.stringify(url)});
request.Content = new StringContent(${quotes}
${indent(json, "    ", true)}
    ${quotes}, Encoding.UTF8, "application/json");
using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
response.EnsureSuccessStatusCode();
await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
{
    if (item.EventType is not ("thought" or "answer")) continue;
    using var token = JsonDocument.Parse(item.Data);
    Console.WriteLine($"{item.EventType,-8} {token.RootElement.GetProperty("layer")} {token.RootElement.GetProperty("text")}");
}
`;
}

const longestRun = text => Math.max(0, ...(text.match(/"+/g) ?? []).map(run => run.length));

const indent = (text, by, first = false) => (first ? by : "") + text.replaceAll("\n", `\n${by}`);

using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Access;

/// <summary>A server with keys: who gets in, what each may do, and what none learns of another.</summary>
public sealed class KeyTests(LockedServer server) : IClassFixture<LockedServer>
{
    [Theory]
    [InlineData("POST", Chats)]
    [InlineData("POST", Completions)]
    [InlineData("POST", Generate)]
    [InlineData("POST", "/V1/Generate")]
    [InlineData("POST", "/v1/generations/gen-0/speak")]
    [InlineData("DELETE", "/v1/generations/gen-0")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/v1/models/tiny")]
    [InlineData("GET", "/v1/chat/completions")]
    [InlineData("GET", "/v1/nothing")]
    [InlineData("GET", "/v1")]
    [InlineData("POST", "/tokenize")]
    [InlineData("POST", "/detokenize")]
    [InlineData("GET", "/tokenize")]
    public async Task Without_a_known_key_nothing_that_works_for_a_client_is_told(string method, string path)
    {
        foreach (var key in new[] { null, "", "x", LockedServer.All[..^1], LockedServer.All + "0", new string('k', 20_000), LockedServer.Hash(LockedServer.All) })
        {
            using var response = await server.SendAsync(new HttpMethod(method), path, key, method == "POST" ? Chat() : null);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
            Assert.Equal(key is null ? "missing_api_key" : "invalid_api_key", await LockedServer.CodeOf(response));
        }
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/live")]
    [InlineData("/version")]
    [InlineData("/swagger/v1/swagger.json")]
    [InlineData("/")]
    [InlineData("/playground/app.js")]
    public async Task Orchestrators_and_readers_need_no_key(string path)
    {
        using var response = await server.SendAsync(HttpMethod.Get, path, key: null);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_key_is_taken_as_either_vendor_sends_it_but_two_keys_are_none()
    {
        Assert.Equal(HttpStatusCode.OK, await Status(("Authorization", [$"Bearer {LockedServer.All}"])));
        Assert.Equal(HttpStatusCode.OK, await Status(("Authorization", [$"bearer {LockedServer.All}"])));
        Assert.Equal(HttpStatusCode.OK, await Status(("x-api-key", [LockedServer.All])));
        Assert.Equal(HttpStatusCode.OK, await Status(("x-api-key", [LockedServer.All]), ("Authorization", [$"Bearer {LockedServer.All}"])));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(("x-api-key", [LockedServer.All]), ("Authorization", [$"Bearer {LockedServer.Mute}"])));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(("x-api-key", [LockedServer.All]), ("Authorization", ["Bearer wrong-key-0123456789"])));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(("x-api-key", [LockedServer.All, LockedServer.Mute])));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(("Authorization", [LockedServer.All])));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(("Authorization", [$"Basic {LockedServer.All}"])));

        async Task<HttpStatusCode> Status(params (string Name, string[] Values)[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
            foreach (var (name, values) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, values));
            using var response = await server.Http.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Theory]
    [InlineData(Chats)]
    [InlineData(Generate)]
    public async Task A_key_that_may_not_see_thoughts_gets_the_same_answer_without_them(string path)
    {
        var body = (path == Chats ? Chat() : Completion().With("stream", false)).With("thinking_token_budget", 3);
        using var seen = await server.PostAsync(path, LockedServer.All, body);
        using var hidden = await server.PostAsync(path, LockedServer.Thoughtless, body);
        var (with, without) = (await Json(seen), await Json(hidden));
        Assert.Equal(Usage(with), Usage(without));
        Assert.True(Usage(without).Reasoning > 0);
        if (path == Chats)
        {
            Assert.NotEmpty(Said(with).Thought!);
            Assert.Null(Said(without).Thought);
            Assert.Equal(Said(with).Answer, Said(without).Answer);
        }
        else
        {
            Assert.NotEmpty((string)with["thought"]!["text"]!);
            Assert.Null(without["thought"]);
            Assert.Equal((string)with["answer"]!["text"]!, (string)without["answer"]!["text"]!);
        }

        if (path == Generate)
        {
            using var peeking = await server.PostAsync(
                path, LockedServer.Thoughtless, body.DeepClone().AsObject().With("peek", new JsonObject { ["layers"] = new JsonArray(TinyCheckpoint.ThinkingLayer) }));
            Assert.Equal(HttpStatusCode.OK, peeking.StatusCode);
            Assert.DoesNotContain("\"peek\"", await peeking.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using var insisting = await server.PostAsync(path, LockedServer.Thoughtless, body.With("include_reasoning", true));
        Assert.Equal(HttpStatusCode.Forbidden, insisting.StatusCode);
        Assert.Equal("thoughts_not_allowed", await LockedServer.CodeOf(insisting));
    }

    [Fact]
    public async Task A_stream_is_commanded_by_the_key_that_started_it_alone()
    {
        var (response, id) = await server.StartAsync(LockedServer.All);
        using (response)
        {
            foreach (var (method, command) in new[] { (HttpMethod.Post, "/speak"), (HttpMethod.Post, "/thought"), (HttpMethod.Delete, "") })
            {
                var body = command == "/thought" ? new JsonObject { ["thought"] = "a" } : null;
                using var other = await server.SendAsync(method, $"/v1/generations/{id}{command}", LockedServer.Thoughtless, body);
                Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
                Assert.Equal("generation_not_found", await LockedServer.CodeOf(other));
                using var mute = await server.SendAsync(method, $"/v1/generations/{id}{command}", LockedServer.Mute, body);
                Assert.Equal(HttpStatusCode.Forbidden, mute.StatusCode);
                Assert.Equal("commands_not_allowed", await LockedServer.CodeOf(mute));
            }

            using var own = await server.SendAsync(HttpMethod.Delete, $"/v1/generations/{id}", LockedServer.All);
            Assert.Equal(HttpStatusCode.OK, own.StatusCode);
            var events = SseEvent.Parse(await response.Content.ReadAsStringAsync());
            Assert.Equal("cancelled", (string?)events[^1].Json["finish_reason"]);
        }

        await server.BecomesIdle();
    }

    [Fact]
    public async Task A_prompt_cached_for_one_key_is_not_found_by_another()
    {
        var body = Completion(string.Concat(Enumerable.Repeat("A secret that is long enough to fill some blocks. ", 4)))
            .With("thinking_token_budget", 0).With("max_tokens", 2).With("cache_salt", "s");
        Assert.Equal(0, await Hits(LockedServer.All));
        Assert.Equal(0, await Hits(LockedServer.Mute));
        Assert.NotEqual(0, await Hits(LockedServer.All));
        // What a client calls its salt cannot spell another key's.
        body["cache_salt"] = "all/s";
        Assert.Equal(0, await Hits(LockedServer.Mute));

        async Task<long> Hits(string key)
        {
            await server.BecomesIdle();
            var engine = server.Models.Slots[0].Model!.Engine;
            var before = engine.Load.PrefixHits;
            using var response = await server.PostAsync(Completions, key, body);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await server.BecomesIdle();
            return engine.Load.PrefixHits - before;
        }
    }

    private static async Task<JsonObject> Json(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!.AsObject();
    }
}

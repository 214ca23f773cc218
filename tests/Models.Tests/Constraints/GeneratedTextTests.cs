using System.Diagnostics;
using System.Text.Json;
using InferenceServer.Models.Constraints.Tokens;

namespace InferenceServer.Models.Tests.Constraints;

/// <summary>Texts drawn at random under the masks: each is JSON, and satisfies its schema in the eyes of Python's jsonschema.</summary>
public sealed class GeneratedTextTests
{
    private const string Validator = """
        import json, sys
        from jsonschema import Draft202012Validator
        for line in sys.stdin:
            case = json.loads(line)
            value = json.loads(case["text"], parse_constant=lambda name: 1 / 0)
            errors = [error.message for error in Draft202012Validator(case["schema"]).iter_errors(value)]
            print(json.dumps(errors[0][:200] if errors else None), flush=True)
        """;

    private static readonly string[] Schemas =
    [
        "true",
        """{"type":"object"}""",
        """{"type":"array","items":{"type":"array","items":{"type":["integer","null"]},"maxItems":3},"minItems":2}""",
        """{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":12},"age":{"type":"integer","minimum":0,"maximum":150},"tags":{"type":"array","items":{"enum":["a","b","ü"]}},"more":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["name","age","more"],"additionalProperties":false}""",
        """{"type":"object","properties":{"a":{"type":"number","exclusiveMinimum":-1.25,"maximum":3.5}},"additionalProperties":{"type":"string","pattern":"^\\w+(-\\w+)*$"},"maxProperties":4}""",
        """{"allOf":[{"$ref":"#/$defs/base"},{"properties":{"b":{"type":"boolean"}},"required":["b"]}],"$defs":{"base":{"type":"object","properties":{"a":{"type":"string","pattern":"[^a-z]$"}},"required":["a"]}}}""",
        """{"oneOf":[{"type":"string","pattern":"^(foo|bar)*$"},{"type":"object","properties":{"x":{"type":"integer","multipleOf":3}},"required":["x"]},{"type":"null"}]}""",
        """{"type":"object","patternProperties":{"^n_[0-9]+$":{"type":"number","minimum":10,"maximum":20}},"additionalProperties":false,"maxProperties":3}""",
        """{"type":"array","prefixItems":[{"type":"string","pattern":"^\\S{1,5}\\s\\D*$","maxLength":20},{"type":"string","pattern":"\\d{3}"}],"items":{"type":"integer","exclusiveMinimum":99,"exclusiveMaximum":1001},"minItems":3,"maxItems":5}""",
        """{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"},"c":{"type":"integer"},"d":{"type":"integer"}},"minProperties":2,"maxProperties":3}""",
        """{"type":"number","minimum":-0.001,"maximum":1e-3}""",
        """{"type":"number","exclusiveMaximum":-99.5}""",
        """{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}""",
        """{"type":"string","pattern":"^.\\W[\\u00e0-\\u00ff😀]{2,4}(?:a|b)??$"}""",
    ];

    [Fact]
    public void Whatever_is_drawn_satisfies_its_schema()
    {
        var cases = new List<(string Schema, string Text)>();
        foreach (var vocabulary in new[] { Spelling.Bytes, Spelling.Seams }) cases.AddRange(Draw(vocabulary, Schemas, 15));
        Assert.True(cases.Count > Schemas.Length * 22, $"Only {cases.Count} texts ended.");
        foreach (var (_, text) in cases) JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = true, MaxDepth = 1000 }).Dispose();
        Check(cases);
    }

    [Theory]
    [InlineData("date", "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$")]
    [InlineData("time", "^([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$")]
    [InlineData("uuid", "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    [InlineData("ipv4", "^\\d{1,3}(\\.\\d{1,3}){3}$")]
    [InlineData("email", "^[^@\\s]+@[^@\\s]+$")]
    [InlineData("date-time", "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:")]
    [InlineData("duration", "^P(?!$)(\\d+W|(\\d+D)?(T(?=\\d)(\\d+H)?(\\d+M)?(\\d+S)?)?)$")]
    [InlineData("ipv6", "^[0-9a-f:]{15,39}$")]
    [InlineData("hostname", "^[a-z0-9.-]+$")]
    [InlineData("uri", "^https?://[^\\s]+$")]
    public void Formats_that_are_enforced_look_like_it(string format, string expected)
    {
        var constraint = Spelling.Schema($$"""{"type":"string","format":"{{format}}"}""");
        for (var seed = 0; seed < 30; seed++)
        {
            var text = JsonSerializer.Deserialize<string>(constraint.Draw(Spelling.Bytes, new Random(seed))!)!;
            Assert.Matches(expected, text);
            if (format is "date" or "date-time") Assert.True(DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _), text);
            if (format is "ipv4" or "ipv6") Assert.True(System.Net.IPAddress.TryParse(text, out _), text);
            if (format is "uri") Assert.True(Uri.TryCreate(text, UriKind.Absolute, out _), text);
        }
    }

    /// <summary>Every draw's schema and text, for texts that came to an end.</summary>
    internal static IEnumerable<(string Schema, string Text)> Draw(Vocabulary vocabulary, IEnumerable<string> schemas, int texts)
    {
        foreach (var schema in schemas)
        {
            var constraint = Spelling.Schema(schema, vocabulary: vocabulary);
            for (var seed = 0; seed < texts; seed++)
            {
                if (constraint.Draw(vocabulary, new Random(seed), 600) is { } text) yield return (schema, text);
            }
        }
    }

    private static void Check(List<(string Schema, string Text)> cases)
    {
        using var probe = Start("import jsonschema");
        probe.WaitForExit();
        Assert.SkipWhen(probe.ExitCode != 0, "Python's jsonschema is not installed (Debian: python3-jsonschema).");
        using var python = Start(Validator);
        var answers = Task.Run(() => cases.Select(_ => python.StandardOutput.ReadLine()).ToList());
        foreach (var (schema, text) in cases)
            python.StandardInput.WriteLine($$"""{"schema":{{schema}},"text":{{JsonSerializer.Serialize(text)}}}""");
        python.StandardInput.Close();
        var problems = answers.Result;
        for (var i = 0; i < cases.Count; i++)
            Assert.True(problems[i] == "null", $"{problems[i]}: {cases[i].Text} against {cases[i].Schema}\n{(problems[i] is null ? python.StandardError.ReadToEnd() : "")}");
    }

    private static Process Start(string script)
    {
        var start = new ProcessStartInfo("python3", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        return Process.Start(start)!;
    }
}

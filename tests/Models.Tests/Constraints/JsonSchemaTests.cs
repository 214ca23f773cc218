using System.Text.Json;
using InferenceServer.Models.Constraints;

namespace InferenceServer.Models.Tests.Constraints;

/// <summary>Which texts a schema lets through. Accepted ones satisfy the schema as JSON Schema's specification says; rejected ones do not, or are written in another way than this server writes.</summary>
public sealed class JsonSchemaTests
{
    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a","b"],"additionalProperties":false}""",
        new[] { """{"a":1,"b":"x"}""", """{"a": 1, "b": "x"}""", "{\n  \"a\": -12,\n  \"b\": \"\"\n}" },
        new[] { """{"b":"x","a":1}""", """{"a":1}""", """{"a":1.0,"b":"x"}""", """{"a":01,"b":"x"}""", """{"a":1,"b":"x","c":1}""", """{"a":1,"b":"x"}x""", "{\"a\":1,\"b\":\"\n\"}", """{"a":1,,"b":"x"}""" })]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"boolean"},"c":{"type":"null"}},"required":["b"]}""",
        new[] { """{"b":true}""", """{"a":null,"b":false}""", """{"a":null,"b":true,"c":null}""", """{"b":true,"c":null}""" },
        new[] { "{}", """{"a":null}""", """{"b":1}""", """{"b":true,}""", """{,"b":true}""", """{"b":true,"d":1}""", """{"b":true,"b":true}""" })]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":{"type":"integer"}}""",
        new[] { "{}", """{"a":null}""", """{"a":null,"b":1}""", """{"b":1,"c":2}""", """{"aa":1}""", """{"":1}""" },
        new[] { """{"a":1}""", """{"b":null}""", """{"b":1,"a":null}""" })]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3}""",
        new[] { "[1]", "[1,2,3]", "[1, 2]", "[\n1\n]" }, new[] { "[]", "[1,2,3,4]", "[1,]", "[,1]", """["1"]""", "1" })]
    [InlineData("""{"type":"array","prefixItems":[{"const":"a"},{"type":"null"}],"items":false}""",
        new[] { "[]", """["a"]""", """["a",null]""" }, new[] { """["b"]""", """["a",1]""", """["a",null,1]""" })]
    [InlineData("""{"items":[{"const":1}],"additionalItems":{"const":2},"type":"array","minItems":2}""", new[] { "[1,2]", "[1,2,2]" }, new[] { "[1]", "[2,2]", "[1,1]" })]
    [InlineData("""{"enum":["red","green",1,null,{"a":[1]}]}""", new[] { "\"red\"", "\"green\"", "1", "null", """{"a":[1]}""" }, new[] { "\"blue\"", "\"re\"", "2", "11", "red" })]
    [InlineData("""{"const":"é\"\n\u0001"}""", new[] { "\"é\\\"\\n\\u0001\"" }, new[] { "\"e\"" })]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", new[] { "\"ab\"", "\"äöü\"", "\"😀😀\"", "\"\\n\\u00e9\"", "\"\\ud83d\\ude00a\"" }, new[] { "\"a\"", "\"abcd\"", "\"\\ud83d\\ude00\"", "\"😀\"", "\"\\ud83dab\"" })]
    [InlineData("""{"type":"string","pattern":"^[a-c]+[0-9]{2}$"}""", new[] { "\"a12\"", "\"abc99\"" }, new[] { "\"12\"", "\"a1\"", "\"a123\"", "\"d12\"", "\"xa12\"" })]
    [InlineData("""{"type":"string","pattern":"b"}""", new[] { "\"b\"", "\"abc\"", "\"\\nb\"" }, new[] { "\"\"", "\"ac\"" })]
    [InlineData("""{"type":"string","pattern":"^.{2,}$","maxLength":3}""", new[] { "\"ab\"", "\"a\\\"b\"" }, new[] { "\"a\"", "\"abcd\"" })]
    [InlineData("""{"type":"integer","minimum":-3,"exclusiveMaximum":12}""", new[] { "-3", "0", "11" }, new[] { "-4", "12", "100", "1.5", "-0", "007" })]
    [InlineData("""{"type":"number","minimum":0.5,"maximum":10}""", new[] { "0.5", "0.51", "1", "9.999", "10", "10.0" }, new[] { "0.4", "0.49999", "10.1", "11", "-1", "1e0" })]
    [InlineData("""{"type":"integer","multipleOf":7}""", new[] { "0", "7", "-14", "700" }, new[] { "1", "8", "-13" })]
    [InlineData("""{"type":"number","multipleOf":0.25}""", new[] { "0", "0.25", "1.5", "3", "0.50", "-0.75" }, new[] { "0.1", "0.255", "1.3" })]
    [InlineData("""{"type":["string","null"]}""", new[] { "null", "\"\"" }, new[] { "0", "true" })]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"array","items":{"$ref":"#"}}]}""", new[] { "1", "[]", "[1,[2,[3]]]" }, new[] { "[null]", "{}", "[[1]" })]
    [InlineData("""{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["v","next"],"additionalProperties":false}}}""",
        new[] { """{"v":1,"next":null}""", """{"v":1,"next":{"v":2,"next":{"v":3,"next":null}}}""" }, new[] { """{"v":1}""", """{"v":1,"next":{"v":2,"next":{}}}""" })]
    [InlineData("""{"allOf":[{"properties":{"a":{"minimum":3}},"required":["a"]},{"properties":{"a":{"type":"integer","maximum":5},"b":{"type":"null"}}}],"type":"object"}""",
        new[] { """{"a":3}""", """{"a":5,"b":null}""" }, new[] { """{"a":2}""", """{"a":6}""", """{"b":null}""" })]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"k":{"const":"a"},"x":{"type":"integer"}},"required":["k","x"]},{"type":"object","properties":{"k":{"const":"b"}},"required":["k"]}]}""",
        new[] { """{"k":"a","x":1}""", """{"k":"b"}""" }, new[] { """{"k":"a"}""", """{"k":"c"}""" })]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}},"minProperties":2,"maxProperties":2}""",
        new[] { """{"a":null,"b":null}""", """{"a":null,"c":null}""", """{"b":null,"c":null}""" }, new[] { "{}", """{"a":null}""", """{"a":null,"b":null,"c":null}""" })]
    [InlineData("""{"type":"object","patternProperties":{"^x":{"type":"integer"},"^y":{"type":"null"}},"additionalProperties":false}""",
        new[] { "{}", """{"x1":1,"y":null}""", """{"y":null,"x":2}""" }, new[] { """{"z":1}""", """{"x":null}""" })]
    [InlineData("""{"type":"object","propertyNames":{"pattern":"^[a-z]{1,3}$"},"additionalProperties":{"type":"integer"}}""", new[] { "{}", """{"abc":1}""" }, new[] { """{"abcd":1}""", """{"A":1}""" })]
    [InlineData("""{"type":"object"}""", new[] { "{}", """{"a":[1,{"b":null}],"c":"d"}""" }, new[] { "[]", "null" })]
    [InlineData("true", new[] { "1", "[]", "{\"a\":1.5e3}", "\"x\"" }, new[] { "", "nul", "[1" })]
    [InlineData("""{"format":"date","type":"string"}""", new[] { "\"2024-12-31\"", "\"2023-02-28\"" }, new[] { "\"2023-02-30\"", "\"2023-13-01\"", "\"2023-1-01\"" })]
    [InlineData("""{"format":"some-day","x-own":1,"type":"string","title":"t","default":3}""", new[] { "\"anything\"" }, new[] { "1" })]
    [InlineData("""{"enum":["a","bb",3],"type":"string","minLength":2}""", new[] { "\"bb\"" }, new[] { "\"a\"", "3" })]
    [InlineData("""{"anyOf":[{"const":"a"},{"const":"b"},{"enum":["c","d"]}]}""", new[] { "\"a\"", "\"d\"" }, new[] { "\"e\"" })]
    [InlineData("""{"type":"object","properties":{"a":false,"b":{"type":"null"}}}""", new[] { "{}", """{"b":null}""" }, new[] { """{"a":1}""" })]
    public void It_lets_through_what_the_schema_means(string schema, string[] accepted, string[] rejected)
    {
        var constraint = Spelling.Schema(schema);
        Assert.All(accepted, text => Assert.True(constraint.Accepts(text), text));
        Assert.All(rejected, text => Assert.False(constraint.Accepts(text), text));
    }

    [Theory]
    [InlineData("""{"type":"strin"}""", ConstraintProblem.Invalid)]
    [InlineData("""{"type":"string","pattern":"(a"}""", ConstraintProblem.Invalid)]
    [InlineData("""{"type":"string","minLength":-1}""", ConstraintProblem.Invalid)]
    [InlineData("""{"properties":[]}""", ConstraintProblem.Invalid)]
    [InlineData("""{"$ref":"#/$defs/none"}""", ConstraintProblem.Invalid)]
    [InlineData("""{"$ref":"#"}""", ConstraintProblem.Invalid)]
    [InlineData("""{"enum":["\ud800"]}""", ConstraintProblem.Invalid)]
    [InlineData("3", ConstraintProblem.Invalid)]
    [InlineData("""{"$ref":"https://example.com/schema"}""", ConstraintProblem.Unsupported)]
    [InlineData("""{"$ref":"file:///etc/passwd"}""", ConstraintProblem.Unsupported)]
    [InlineData("""{"not":{"type":"string"}}""", ConstraintProblem.Unsupported)]
    [InlineData("""{"if":{"type":"string"}}""", ConstraintProblem.Unsupported)]
    [InlineData("""{"type":"array","uniqueItems":true}""", ConstraintProblem.Unsupported)]
    [InlineData("""{"type":"string","pattern":"(?=a)b"}""", ConstraintProblem.Unsupported)]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", ConstraintProblem.Unsupported)]
    [InlineData("""{"oneOf":[{"type":"number"},{"type":"integer"}]}""", ConstraintProblem.Unsupported)]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""", ConstraintProblem.Unsatisfiable)]
    [InlineData("false", ConstraintProblem.Unsatisfiable)]
    [InlineData("""{"type":"string","pattern":"^a$","minLength":2}""", ConstraintProblem.Unsatisfiable)]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", ConstraintProblem.Unsatisfiable)]
    [InlineData("""{"type":"object","properties":{"a":{}},"required":["b"],"additionalProperties":false}""", ConstraintProblem.Unsatisfiable)]
    [InlineData("""{"enum":[1,2],"type":"string"}""", ConstraintProblem.Unsatisfiable)]
    [InlineData("""{"type":"array","maxItems":100000}""", ConstraintProblem.TooComplex)]
    [InlineData("""{"type":"string","pattern":"^(a{1000}){1000}$"}""", ConstraintProblem.TooComplex)]
    [InlineData("""{"type":"string","pattern":"(a|b)*a(a|b){40}$"}""", ConstraintProblem.TooComplex)]
    [InlineData("""{"type":"integer","multipleOf":99999999}""", ConstraintProblem.TooComplex)]
    [InlineData("""{"enum":[1],"allOf":[{"properties":{"a":{"enum":[{"b":1}],"$ref":"#/$defs/x"}},"required":["a"],"type":"object"}],"$defs":{"x":{"anyOf":[{"$ref":"#/$defs/x"},{"$ref":"#/$defs/x"}]}}}""", ConstraintProblem.Unsatisfiable)]
    public void What_cannot_be_enforced_is_refused(string schema, ConstraintProblem problem) =>
        Assert.Equal(problem, Assert.Throws<ConstraintException>(() => Spelling.Schema(schema)).Problem);

    [Theory]
    [InlineData("""{"type":"string","x-own":1}""")]
    [InlineData("""{"type":"string","format":"some-day"}""")]
    public void Strict_refuses_what_would_only_be_an_annotation(string schema) =>
        Assert.Equal(ConstraintProblem.Unsupported, Assert.Throws<ConstraintException>(() => Spelling.Schema(schema, strict: true)).Problem);

    [Fact]
    public void Ten_thousand_values_are_a_list_and_ten_thousand_other_branches_are_refused()
    {
        var values = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $$"""{"const":"value {{i}}"}"""));
        var constraint = Spelling.Schema($$"""{"anyOf":[{{values}}]}""", limits: ConstraintLimits.Default with { SchemaBytes = 1 << 20, Schemas = 20_000 });
        Assert.True(constraint.Accepts("\"value 9999\""));
        Assert.False(constraint.Accepts("\"value 10000\""));
        var branches = string.Join(',', Enumerable.Repeat("""{"type":"object"}""", 10_000));
        Assert.Equal(ConstraintProblem.TooComplex, Assert.Throws<ConstraintException>(() => Spelling.Schema($$"""{"anyOf":[{{branches}}]}""")).Problem);
    }

    [Fact]
    public void A_pattern_that_makes_backtracking_engines_despair_is_harmless()
    {
        var constraint = Spelling.Schema("""{"type":"string","pattern":"^(a+)+$"}""");
        Assert.True(constraint.Accepts($"\"{new string('a', 5000)}\""));
        Assert.False(constraint.Accepts($"\"{new string('a', 5000)}b\""));
    }

    [Fact]
    public void White_space_is_bounded()
    {
        var constraint = Spelling.Schema("""{"type":"array","items":{"type":"null"}}""");
        Assert.True(constraint.Accepts("[\n        null\n]"));
        Assert.False(constraint.Accepts("[  null]"));
        Assert.False(constraint.Accepts("[\n\nnull]"));
        Assert.False(constraint.Accepts("[" + "\n" + new string(' ', 17) + "null]"));
        Assert.False(constraint.Accepts("[null] "));
    }

    [Fact]
    public void Free_objects_are_json_of_any_depth()
    {
        var constraint = new ConstraintCompiler(Spelling.Bytes).JsonObject();
        Assert.True(constraint.Accepts(string.Concat(Enumerable.Repeat("{\"a\":", 200)) + "1" + new string('}', 200)));
        Assert.False(constraint.Accepts("[1]"));
        Assert.False(constraint.Accepts(JsonSerializer.Serialize("text")));
    }
}

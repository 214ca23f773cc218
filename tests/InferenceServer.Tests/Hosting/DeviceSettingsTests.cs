using InferenceServer.Hosting;
#if TORCH
using InferenceServer.Models.Checkpoints;
#endif
using Microsoft.Extensions.Configuration;

namespace InferenceServer.Tests.Hosting;

/// <summary>Where models run: what is refused says what to do, before anything is loaded.</summary>
public sealed class DeviceSettingsTests
{
    [Theory]
    [InlineData("gpu", "cpu, torch-cpu or cuda:N")]
    [InlineData("cuda", "cpu, torch-cpu or cuda:N")]
    [InlineData("cuda:-1", "cpu, torch-cpu or cuda:N")]
    [InlineData("CPU", "cpu, torch-cpu or cuda:N")]
    [InlineData("", "cpu, torch-cpu or cuda:N")]
#if !TORCH
    [InlineData("cuda:0", "-p:Torch=true")]
    [InlineData("torch-cpu", "-p:Torch=true")]
#endif
    public void A_device_that_is_not_known_or_not_built_in_is_refused(string device, string named)
    {
        foreach (var (key, section) in (ReadOnlySpan<(string, string)>)[("Engine:Device", "Engine"), ("Models:0:Device", "Models:0")])
        {
            var problem = Assert.Throws<SettingsException>(() => Read((key, device))).Message;
            Assert.Contains($"{section}:Device", problem, StringComparison.Ordinal);
            Assert.Contains(named, problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Sixteen_bit_floats_are_for_other_devices_than_the_processor()
    {
        Assert.Contains("Engine:Weights", Assert.Throws<SettingsException>(() => Read(("Engine:Weights", "f16"))).Message, StringComparison.Ordinal);
        Assert.Throws<SettingsException>(() => Read(("Engine:KvFraction", "0")));
        Assert.Throws<SettingsException>(() => Read(("Engine:KvFraction", "1.1")));
        Assert.Equal("cpu", Read(("Engine:KvFraction", "0.5")).Models[0].Device);
    }

#if TORCH
    [Fact]
    public void A_model_may_run_on_a_device_of_its_own()
    {
        var models = Read(("Models:0:Device", "cuda:1"), ("Models:0:Weights", "f16"), ("Models:1:Path", "b"), ("Engine:KvFraction", "0.5")).Models;
        Assert.Equal(("cuda:1", DType.F16, 0.5), (models[0].Device, models[0].Accelerator.Weights, models[0].Accelerator.KvFraction));
        Assert.Equal("cpu", models[1].Device);
        Assert.Contains("bf16", Assert.Throws<SettingsException>(() => Read(("Models:0:Device", "cuda:1"), ("Models:0:Weights", "int8"))).Message, StringComparison.Ordinal);
    }
#endif

    private static Settings Read(params IEnumerable<(string Key, string Value)> settings) => Settings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Prepend(("Models:0:Path", "a")).Select(pair => KeyValuePair.Create(pair.Item1, (string?)pair.Item2))).Build(),
        Path.GetTempPath());
}

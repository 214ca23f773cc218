using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Decoding;

public class KvTableTests
{
    [Theory]
    [InlineData(4, 2, 2, 2)]
    [InlineData(4, 1, 1, 4)]
    [InlineData(4, 3, 1, 4)]
    [InlineData(4, 4, 4, 1)]
    [InlineData(6, 4, 2, 3)]
    public void A_page_is_the_widest_that_no_range_needs_in_part(int layers, int cut, int perPage, int groups)
    {
        var geometry = KvGeometry.For(TinyModels.Llama(new TinyShape { Layers = layers }) with { Cuts = [cut] }, 16);
        Assert.Equal((perPage, groups), (geometry.LayersPerPage, geometry.LayerGroups));
        Assert.Equal([0, 1, 1, 2], new[] { 0, 1, 16, 17 }.Select(geometry.PagesFor));
    }

    [Fact]
    public void Lengths_are_kept_by_layer_range()
    {
        var table = new KvTable(0, new KvGeometry(16, 2, 2));
        table.Commit(new LayerRange(0, 2), 9);
        Assert.Equal((9, 0, 0), (table.Length(new(0, 2)), table.Length(new(2, 4)), table.Length(new(0, 4))));
        table.Commit(new LayerRange(2, 4), 5);
        table.Truncate(7);
        Assert.Equal((7, 5), (table.Length(new(0, 2)), table.Length(new(2, 4))));
    }

    [Fact]
    public void A_group_of_layers_holds_rows_once_its_last_layer_ran()
    {
        var table = new KvTable(0, new KvGeometry(16, 4, 1));
        table.Commit(new LayerRange(0, 3), 9);
        Assert.Equal(0, table.Length(new LayerRange(0, 4)));
        table.Commit(new LayerRange(3, 4), 9);
        Assert.Equal(9, table.Length(new LayerRange(0, 4)));
    }
}

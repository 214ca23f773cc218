namespace InferenceServer.Models.Constraints.Automata;

/// <summary>Any bytes, but the first that is not white space is not the given one.</summary>
internal sealed class FreeText(char unlike) : Terminal
{
    private const int Begun = 1;

    public override int Next(int state, byte value)
    {
        if (state == Begun) return Begun;
        if (value == unlike) return Dead;
        return value is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' ? 0 : Begun;
    }

    public override bool Accepts(int state) => true;

    public override bool Continues(int state) => true;
}

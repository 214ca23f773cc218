namespace InferenceServer.Models.Constraints.Automata;

/// <summary>
/// Any JSON string of min to max characters, quotes included: well-formed UTF-8, all of JSON's escapes, surrogates only in
/// pairs. Counts instead of unrolling, so that its size does not grow with its bounds.
/// </summary>
internal sealed class StringTerminal(int min = 0, int? max = null) : Terminal
{
    private const int SubBits = 5;
    private const int SubMask = (1 << SubBits) - 1;

    private static readonly object AnyFamily = new();

    private enum Sub
    {
        Start,
        Body,
        Done,

        // One, two or three more bytes of a character, the first of them restricted in the last four.
        Tail1,
        Tail2,
        Tail3,
        TailE0,
        TailED,
        TailF0,
        TailF4,

        Escape,

        // Hexadecimal digits of an escape: four, or fewer.
        Hex4,
        Hex3,
        Hex2,
        Hex1,
        HexD, // behind \ud, which may begin a pair
        High2,
        High1,
        LowSlash,
        LowU,
        LowD,
        LowC,
        Low2,
        Low1,
    }

    public static StringTerminal Any { get; } = new();

    public override object Family => AnyFamily;

    public override int Next(int state, byte value)
    {
        var count = state >> SubBits;
        var sub = (Sub)(state & SubMask);
        if (sub == Sub.Body)
        {
            if (value == '"') return count >= min ? Pack(Sub.Done, 0) : Dead;
            var next = Begin(value);
            if (next is not { } begun || count == max) return Dead;
            // Beyond both bounds the count says nothing any more.
            return Pack(begun, max is null ? Math.Min(count + 1, min) : count + 1);
        }

        return Within(sub, value) is { } following ? Pack(following, count) : Dead;
    }

    public override bool Accepts(int state) => (Sub)(state & SubMask) == Sub.Done;

    public override bool Continues(int state) => !Accepts(state);

    public override long Key(int state, int horizon)
    {
        var count = state >> SubBits;
        var needed = Math.Clamp(min - count, 0, horizon + 1);
        var left = max is { } most ? Math.Min(most - count, horizon + 1) : horizon + 1;
        return ((((long)needed << 24) + left) << SubBits) | (uint)(state & SubMask);
    }

    private static int Pack(Sub sub, int count) => (count << SubBits) | (int)sub;

    // What the first byte of a character leads to.
    private static Sub? Begin(byte value) => value switch
    {
        (byte)'\\' => Sub.Escape,
        < 0x20 or (byte)'"' => null,
        <= 0x7F => Sub.Body,
        < 0xC2 => null,
        <= 0xDF => Sub.Tail1,
        0xE0 => Sub.TailE0,
        0xED => Sub.TailED,
        <= 0xEF => Sub.Tail2,
        0xF0 => Sub.TailF0,
        <= 0xF3 => Sub.Tail3,
        0xF4 => Sub.TailF4,
        _ => null,
    };

    private static Sub? Within(Sub sub, byte value) => sub switch
    {
        Sub.Start => value == '"' ? Sub.Body : null,
        Sub.Tail1 => Tail(value, 0x80, 0xBF, Sub.Body),
        Sub.Tail2 => Tail(value, 0x80, 0xBF, Sub.Tail1),
        Sub.Tail3 => Tail(value, 0x80, 0xBF, Sub.Tail2),
        Sub.TailE0 => Tail(value, 0xA0, 0xBF, Sub.Tail1),
        Sub.TailED => Tail(value, 0x80, 0x9F, Sub.Tail1),
        Sub.TailF0 => Tail(value, 0x90, 0xBF, Sub.Tail2),
        Sub.TailF4 => Tail(value, 0x80, 0x8F, Sub.Tail2),
        Sub.Escape => Escaped(value),
        Sub.Hex4 => value is (byte)'d' or (byte)'D' ? Sub.HexD : Hex(value, Sub.Hex3),
        Sub.Hex3 => Hex(value, Sub.Hex2),
        Sub.Hex2 => Hex(value, Sub.Hex1),
        Sub.Hex1 => Hex(value, Sub.Body),
        Sub.HexD => SecondOfD(value),
        Sub.High2 => Hex(value, Sub.High1),
        Sub.High1 => Hex(value, Sub.LowSlash),
        Sub.LowSlash => value == '\\' ? Sub.LowU : null,
        Sub.LowU => value == 'u' ? Sub.LowD : null,
        Sub.LowD => value is (byte)'d' or (byte)'D' ? Sub.LowC : null,
        Sub.LowC => char.ToLowerInvariant((char)value) is >= 'c' and <= 'f' ? Sub.Low2 : null,
        Sub.Low2 => Hex(value, Sub.Low1),
        Sub.Low1 => Hex(value, Sub.Body),
        _ => null,
    };

    private static Sub? Tail(byte value, int lo, int hi, Sub next) => value >= lo && value <= hi ? next : null;

    private static Sub? Hex(byte value, Sub next) => char.IsAsciiHexDigit((char)value) ? next : null;

    private static Sub? Escaped(byte value) => value switch
    {
        (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t' => Sub.Body,
        (byte)'u' => Sub.Hex4,
        _ => null,
    };

    // \ud0 to \ud7 are characters, \ud8 to \udb begin a pair, \udc to \udf may only end one.
    private static Sub? SecondOfD(byte value) => char.ToLowerInvariant((char)value) switch
    {
        >= '0' and <= '7' => Sub.Hex2,
        '8' or '9' or 'a' or 'b' => Sub.High2,
        _ => null,
    };
}

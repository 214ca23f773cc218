using System.Globalization;
using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>C's <c>strftime</c> in the C locale, with glibc's <c>-</c> flag for numbers without padding.</summary>
internal static class Strftime
{
    public static string Format(DateTime time, string format)
    {
        var result = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }

            var bare = format[i + 1] == '-' && i + 2 < format.Length;
            i += bare ? 2 : 1;
            var text = Directive(time, format[i]) ?? $"%{(bare ? "-" : "")}{format[i]}";
            var trimmed = bare ? text.TrimStart('0', ' ') : text;
            result.Append(bare && trimmed.Length == 0 ? "0" : trimmed);
        }

        return result.ToString();
    }

    private static string? Directive(DateTime t, char directive) => directive switch
    {
        'a' => Net(t, "ddd"),
        'A' => Net(t, "dddd"),
        'b' or 'h' => Net(t, "MMM"),
        'B' => Net(t, "MMMM"),
        'c' => Format(t, "%a %b %e %H:%M:%S %Y"),
        'C' => Two(t.Year / 100),
        'd' => Net(t, "dd"),
        'D' or 'x' => Net(t, "MM/dd/yy"),
        'e' => t.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'f' => Net(t, "ffffff"),
        'F' => Net(t, "yyyy-MM-dd"),
        'g' => Two(ISOWeek.GetYear(t) % 100),
        'G' => ISOWeek.GetYear(t).ToString(CultureInfo.InvariantCulture),
        'H' => Net(t, "HH"),
        'I' => Net(t, "hh"),
        'j' => t.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'k' => t.Hour.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'l' => (((t.Hour + 11) % 12) + 1).ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'm' => Net(t, "MM"),
        'M' => Net(t, "mm"),
        'n' => "\n",
        'p' => t.Hour < 12 ? "AM" : "PM",
        'P' => t.Hour < 12 ? "am" : "pm",
        'r' => Format(t, "%I:%M:%S %p"),
        'R' => Net(t, "HH:mm"),
        's' => new DateTimeOffset(t).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        'S' => Net(t, "ss"),
        't' => "\t",
        'T' or 'X' => Net(t, "HH:mm:ss"),
        'u' => (t.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)t.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'U' => Two((t.DayOfYear + 6 - (int)t.DayOfWeek) / 7),
        'V' => Two(ISOWeek.GetWeekOfYear(t)),
        'w' => ((int)t.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'W' => Two((t.DayOfYear + 6 - (((int)t.DayOfWeek + 6) % 7)) / 7),
        'y' => Net(t, "yy"),
        'Y' => t.Year.ToString(CultureInfo.InvariantCulture),
        'z' or 'Z' => "", // datetime.now() knows no time zone
        '%' => "%",
        _ => null,
    };

    private static string Net(DateTime time, string format) => time.ToString(format, CultureInfo.InvariantCulture);

    private static string Two(int number) => number.ToString("00", CultureInfo.InvariantCulture);
}

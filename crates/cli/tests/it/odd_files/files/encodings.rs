//! Encodings, line ends and compression.

use super::*;

pub(super) fn all() -> Vec<Odd> {
    let named = |what, bytes: Vec<u8>, expected| Odd::new(what, "x.csv", bytes, expected);
    let umlaut = |text: String| text.replacen("x,y", "höhe,y", 1);
    let latin: Vec<u8> = umlaut(xy(",")).chars().map(|c| c as u32 as u8).collect();
    // 收盘 and 成交量.
    let names: [&[u8]; 2] = [&[0xca, 0xd5, 0xc5, 0xcc], &[0xb3, 0xc9, 0xbd, 0xbb, 0xc1, 0xbf]];
    let gbk = [&names.join(&b','), &xy(",").as_bytes()[3..]].concat();
    let high = "40 rows: höhe 1..6, y 20.5..23.5";
    vec![
        named("a byte order mark", format!("\u{feff}{}", xy(",")).into(), XY),
        named("line ends of Windows", xy(",").replace('\n', "\r\n").into(), XY),
        named("line ends CR", xy(",").replace('\n', "\r").into(), XY),
        named("UTF-16, little-endian", utf16(&umlaut(xy(",")), false), high)
            .notes(&["decoded from UTF-16LE"])
            .stream("convert the input to UTF-8"),
        named("UTF-16, big-endian", utf16(&umlaut(xy(",")), true), high).stream("convert the input to UTF-8"),
        named("windows-1252", latin, high)
            .notes(&["decoded from windows-1252"])
            .stream("convert the input to UTF-8"),
        named("GBK, with a few words", gbk, "40 rows: 收盘 1..6, 成交量 20.5..23.5")
            .notes(&["decoded from GBK"])
            .stream("convert the input to UTF-8"),
        Odd::new("compressed with gzip", "x.csv.gz", gzip(&xy(",")), XY),
        named("compressed with gzip, without .gz", gzip(&xy(",")), XY),
        named("gzip that ends early", gzip(&xy(","))[..60].to_vec(), "refused: x.csv"),
        Odd::new(
            "a text in UTF-16",
            "x.txt",
            utf16(&"The cat saw the dogs.\nThe dogs slept.\n".repeat(60), false),
            "text of 2280 characters, 120 lines",
        ),
        Odd::new(
            "a text in windows-1252",
            "x.txt",
            "Gr\u{fc}\u{df}e aus K\u{f6}ln, sagte der B\u{e4}r.\nUnd er a\u{df}.\n"
                .repeat(60)
                .chars()
                .map(|c| c as u32 as u8)
                .collect::<Vec<u8>>(),
            "text of 2520 characters, 120 lines",
        ),
        named("a table with NULs", xy(",").replacen("2.5", "2\0.5", 1).into(), "refused: byte 14"),
    ]
}

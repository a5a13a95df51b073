//! Files of other programs.

use super::*;

pub(super) fn all() -> Vec<Odd> {
    let named = |what, magic: &[u8], expected| Odd::new(what, "x.csv", begins(magic), expected);
    vec![
        named("Parquet named .csv", b"PAR1", "refused: Parquet"),
        named(
            "Excel named .csv",
            b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml xl/workbook.xml",
            "refused: x.csv",
        ),
        named("an archive named .csv", b"PK\x03\x04\x14\0\0\0\x08\0\0\0!\0data.csv", "refused: zip"),
        named("an image named .csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "refused: x.csv"),
        Odd::new(
            "a pickle of PyTorch named .txt",
            "x.txt",
            begins(b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0archive/data.pkl"),
            "refused: x.txt",
        )
        .read_as("text"),
        Odd::new("a PDF named .txt", "x.txt", begins(b"%PDF-1.7\n"), "refused: x.txt").read_as("text"),
        Odd::new(
            "JSON lines",
            "x.jsonl",
            lines(|i| format!("{{\"x\": {}, \"y\": {}}}", x(i), y(i))),
            "text of 806 characters, 40 lines",
        )
        .read_as("series"),
        Odd::new(
            "HTML named .csv",
            "x.csv",
            format!(
                "<!DOCTYPE html>\n<html><body>\n{}</body></html>\n",
                lines(|i| format!("<tr><td>{}</td></tr>", x(i)))
            ),
            "text of 882 characters, 43 lines",
        ),
    ]
}

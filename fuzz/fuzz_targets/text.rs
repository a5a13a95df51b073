#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| longspan_fuzz::text(bytes));

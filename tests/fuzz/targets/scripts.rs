//! Scripts: whatever the text, it is understood or its fault is shown.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    // What stands behind the last NUL are the command's arguments.
    let (text, arguments) = text.rsplit_once('\0').unwrap_or((&text, ""));
    let arguments: Vec<Vec<u8>> = arguments.split(' ').map(|word| word.as_bytes().to_vec()).collect();
    if let Err(message) = syslet_cli::check(text, &arguments) {
        assert!(message.starts_with("error"), "{message}");
    }
});

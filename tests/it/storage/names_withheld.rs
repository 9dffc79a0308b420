//! A name stays out of a bundle in every spelling that is promised, and the help says which are not.

use crate::support::estates::approved;

#[test]
fn a_name_is_withheld_as_a_form_writes_it_and_with_its_accents_apart() {
    let (_azure, rehome) = approved();
    let spelt = [
        "see https://x.example/?who=Jonas+B%C3%A9rg",
        "told by Jonas Be\u{301}rg",
        "told by JONAS B\u{c9}RG",
    ];
    for reason in spelt {
        rehome.say(&["pause", "minimal", "--reason", reason]).expect(0);
        rehome.say(&["resume", "minimal", "--reason", "somebody else"]).expect(0);
    }
    for name in ["Jonas B\u{e9}rg", "jonas be\u{301}rg"] {
        let file = format!("{}.jsonl", name.len());
        let made = rehome.json(&["audit", "bundle", &file, "--redact", name]);
        assert_eq!(made["redacted"][0]["events"], spelt.len());
        let bundle = std::fs::read_to_string(rehome.path(&file)).expect("a bundle").to_lowercase();
        assert!(!bundle.contains("jonas") && bundle.contains("somebody else"), "{name}");
        rehome.say(&["audit", "verify", "--bundle", &file]).expect(0);
    }
    let help = rehome.say(&["audit", "bundle", "--help"]).expect(0).out;
    for word in ["initials", "HTML entities", "base64"] {
        assert!(help.contains(word), "the help does not say that {word} are not found: {help}");
    }
}

//! The pictures: the same in a page and in a file, whatever the names in them say.

use super::browser::Served;
use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};

/// What a name of a group in Entra ID, which anybody may give, can say.
const HOSTILE: &str = "</text></svg><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}\"'&";

#[test]
fn hostile_names_are_text_in_every_page_and_every_picture() {
    let rehome = {
        let estate = std::fs::read_to_string(example("contoso").join("estate.json")).expect("an estate");
        let mut estate: serde_json::Value = serde_json::from_str(&estate).expect("JSON");
        let mut groups = 0;
        for object in estate["graph"].as_array_mut().expect("objects") {
            if object["@odata.type"] == "#microsoft.graph.group" {
                object["displayName"] = format!("{HOSTILE} {groups}").into();
                groups += 1;
            }
        }
        assert!(groups > 0, "there is a group");
        let mut rehome = Rehome::offline();
        std::fs::write(rehome.path("estate.json"), estate.to_string()).expect("written");
        let azure = Azure::serve(&rehome.path("estate.json"), None);
        rehome.turn_to(&azure);
        rehome.approve(&example("contoso").join("batch.toml"));
        rehome
    };
    let served = Served::of(&rehome, &[]);
    let mut seen = 0;
    for entry in rehome.json(&["status"])["moves"].as_array().expect("moves") {
        let run = text(&entry["run"]);
        let mut pages: Vec<String> = ["", "/access", "/graph", "/events"]
            .iter()
            .map(|end| served.page(&format!("/m/{run}{end}")))
            .collect();
        pages.push(rehome.say(&["graph", run, "--format", "svg"]).expect(0).out);
        pages.push(rehome.say(&["timeline", run, "--format", "svg"]).expect(0).out);
        for page in pages {
            seen += usize::from(page.contains("&lt;script&gt;alert(1)"));
            assert!(
                !page.contains("<script>alert") && !page.contains("<img") && !page.contains('\u{202e}'),
                "{page}"
            );
            assert_eq!(page.matches("</svg>").count(), page.matches("<svg").count(), "{page}");
        }
    }
    assert!(seen > 3, "the names are shown: {seen}");
}

#[test]
fn a_timeline_has_every_step_and_is_the_same_in_the_page_and_in_the_file() {
    let (_azure, rehome) = super::doors::approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let told = rehome.json(&["timeline", &run]);
    let rows = told["timeline"]["rows"].as_array().expect("rows");
    let steps = rehome.json(&["show", &run])["plan"]["steps"].as_array().expect("steps").len();
    assert_eq!(rows.len(), steps, "those to come too");
    let first = &rows[0]["bars"][0];
    assert_eq!(text(&first["look"]), "works", "{first}");
    assert!(rows.iter().any(|row| {
        row["bars"].as_array().is_some_and(|bars| bars.iter().any(|bar| bar["look"] == "person"))
    }));
    let file = rehome.say(&["timeline", &run, "--format", "svg"]).expect(0).out;
    assert!(
        file.starts_with("<svg xmlns=") && file.contains("<style>") && file.contains("role=\"img\""),
        "{file}"
    );
    assert!(file.contains("by hand"), "each bar says what it is: {file}");
    let served = Served::of(&rehome, &[]);
    let page = served.page(&format!("/m/{run}"));
    // What goes on ends now, which is another moment in each.
    let shape = |text: &str| -> Vec<String> {
        text.split("<text")
            .skip(1)
            .filter_map(|part| part.split_once('>'))
            .filter_map(|(_, rest)| rest.split('<').next())
            .filter(|said| said.starts_with('0') || said.starts_with('1'))
            .map(ToOwned::to_owned)
            .filter(|said| said.contains("  "))
            .collect()
    };
    let drawn = shape(&file);
    assert!(!drawn.is_empty());
    assert_eq!(shape(&page), drawn);
    let lines = rehome.say(&["timeline", &run]).expect(0).out;
    assert!(lines.contains("works") && lines.contains("by hand"), "{lines}");
    rehome.say(&["timeline", "m-0"]).expect(3);
}

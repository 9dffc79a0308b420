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

/// The shapes of every picture in a text, without what is of one moment: from each `<svg` that is a picture to its end.
fn drawn(text: &str) -> Vec<String> {
    let all = text.split("role=\"img\"").skip(1).filter_map(|part| part.split("</svg>").next());
    all.map(|part| part.split_once("</desc>").map_or(part, |(_, shapes)| shapes).to_owned()).collect()
}

/// The same of a file, which brings its colours along.
fn drawn_file(text: &str) -> String {
    let all = drawn(text);
    assert_eq!(all.len(), 1, "{text}");
    all[0].split_once("</style>").expect("its colours").1.to_owned()
}

#[test]
fn waves_access_and_ties_are_the_same_picture_in_a_page_in_the_report_and_as_a_file() {
    let azure = Azure::serve(&example("contoso").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = std::fs::read_to_string(example("contoso").join("batch.toml")).expect("a batch");
    let waves = "[[wave]]\nname = \"canary\"\nsize = 1\n[[wave]]\nname = \"rest\"\nrelease = \"by-hand\"\n[[identity]]";
    std::fs::write(rehome.path("batch.toml"), batch.replacen("[[identity]]", waves, 1)).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    rehome.say(&["run", "plan.json", "--yes"]);
    let status = rehome.json(&["status"]);
    let name = text(&status["moves"][0]["batch"]).to_owned();
    let run = text(&status["moves"][0]["run"]).to_owned();
    rehome.say(&["report", &name, "--html", "report.html"]).expect(0);
    let report = std::fs::read_to_string(rehome.path("report.html")).expect("a report");
    let in_report = drawn(&report);
    let moves = status["moves"].as_array().expect("moves").len();
    assert_eq!(in_report.len(), 2 + 2 * moves, "waves and access of all, and two of each move");
    let served = Served::of(&rehome, &[]);
    for (path, words) in [
        (format!("/m/{run}/access"), &["graph", &run, "--access"][..]),
        (format!("/m/{run}/graph"), &["graph", &run]),
    ] {
        let file = drawn_file(&rehome.say(&[words, &["--format", "svg"]].concat()).expect(0).out);
        assert_eq!(drawn(&served.page(&path)), std::slice::from_ref(&file), "{path}");
        // Of a batch access is drawn as a sum.
        assert!(path.ends_with("/access") || in_report.contains(&file), "{path}");
    }
    let file = rehome.say(&["timeline", &name, "--format", "svg"]).expect(0).out;
    assert!(file.contains("waits for") && file.starts_with("<svg xmlns="), "{file}");
    // The line of now is another one a moment later; names and words are the same.
    let words = |shapes: &str| -> Vec<String> {
        let texts = shapes.split("<text").skip(1).filter_map(|part| part.split_once('>'));
        let words = texts.filter_map(|(_, rest)| rest.split('<').next()).map(ToOwned::to_owned);
        words.filter(|word| word.contains(" of ") || word.contains("canary")).collect()
    };
    let expected = words(&drawn_file(&file));
    assert_eq!(expected.len(), 3, "a name and two notes: {expected:?}");
    assert_eq!(words(&in_report[0]), expected);
    assert_eq!(words(&drawn(&served.page(&format!("/b/{name}")))[0]), expected);
    let told = rehome.json(&["timeline", &name]);
    assert_eq!(told["calendar"]["waves"].as_array().map(Vec::len), Some(2), "{told}");
    let lines = rehome.say(&["timeline", &name]).expect(0).out;
    assert!(lines.contains("canary") && lines.contains("rest"), "{lines}");
    let one = rehome.json(&["timeline", &format!("{name}/wave:rest")]);
    assert_eq!(one["calendar"]["waves"].as_array().map(Vec::len), Some(1), "{one}");
}

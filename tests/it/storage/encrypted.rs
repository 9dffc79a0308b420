//! Copies that leave the machine: encrypted for whoever is to keep them, with keys of age and of SSH, and put back.

use crate::support::estates::approved;
use crate::support::rehome::{Rehome, contains};
use std::path::Path;
use std::process::Command;

fn have(program: &str) -> bool {
    Command::new(program).arg("--help").output().is_ok()
}

fn ran(command: &mut Command) {
    let out = command.output().expect("it starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// A key pair of SSH; the public key is beside the private one.
fn ssh_key(rehome: &Rehome, name: &str) {
    let path = rehome.path(name);
    ran(Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "auditor"])
        .arg("-f")
        .arg(path));
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_backup_for_a_recipient_is_read_by_nobody_else_and_put_back_with_its_key_by_the_recipient() {
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    if !have("ssh-keygen") || !(have("age") || have("rage")) {
        println!("SKIPPED: age or ssh-keygen is not here, so no copy was encrypted");
        return;
    }
    ssh_key(&rehome, "auditor");
    ssh_key(&rehome, "stranger");
    let public = std::fs::read_to_string(rehome.path("auditor.pub")).expect("a key").trim().to_owned();
    for (file, recipient) in [("by-line.age", public.as_str()), ("by-file.age", "auditor.pub")] {
        let said = rehome.say(&["db", "backup", file, "--to-recipient", recipient]).expect(0);
        assert!(said.out.contains("encrypted for 1 recipient"), "{}", said.out);
    }
    let head = rehome.json(&["audit", "head"]);
    for file in ["by-line.age", "by-line.age.key"] {
        let bytes = std::fs::read(rehome.path(file)).expect("a file");
        assert!(!contains(&bytes, b"SQLite") && !contains(&bytes, b"id-shop"), "{file} can be read");
        assert_eq!(mode(&rehome.path(file)), 0o600);
    }
    let left = |rehome: &Rehome| -> Vec<String> {
        let all = std::fs::read_dir(rehome.path(".")).expect("the folder").filter_map(Result::ok);
        let names = all.map(|file| file.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.contains(".backup") || name.contains(".restore")).collect()
    };
    assert_eq!(left(&rehome), Vec::<String>::new(), "nothing that can be read is left");
    // Nobody else, nobody without a key, and nothing over what is there.
    rehome.say(&["db", "restore", "by-line.age", "--yes"]).expect(2);
    rehome.say(&["db", "restore", "by-line.age", "--identity", "stranger", "--yes"]).expect(1);
    rehome.say(&["db", "backup", "by-line.age", "--to-recipient", "auditor.pub"]).expect(2);
    rehome.say(&["db", "backup", "none.age", "--to-recipient", "no-such-file"]).expect(1);
    assert!(!rehome.path("none.age").exists() && left(&rehome).is_empty());
    assert_eq!(rehome.json(&["audit", "head"]), head, "nothing was put in its place");
    // The machine is gone; the auditor's key is not.
    for part in ["", "-wal", "-shm", ".anchor", ".checkpoint", ".tree", ".key", ".runner"] {
        drop(std::fs::remove_file(rehome.path(&format!("rehome.db{part}"))));
    }
    rehome.say(&["db", "restore", "by-line.age", "--identity", "auditor", "--yes"]).expect(0);
    assert_eq!(rehome.json(&["audit", "head"]), head);
    assert!(rehome.path("rehome.db.key").exists() && left(&rehome).is_empty());
    // A copy in which a byte was changed is none.
    let mut bytes = std::fs::read(rehome.path("by-file.age")).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(rehome.path("by-file.age"), bytes).expect("written");
    rehome.say(&["db", "restore", "by-file.age", "--identity", "auditor", "--yes"]).expect(1);
    assert_eq!(rehome.json(&["audit", "head"]), head);
    rehome.say(&["db", "backup", "plain.db"]).expect(0);
    rehome.say(&["db", "restore", "plain.db", "--identity", "auditor", "--yes"]).expect(2);
}

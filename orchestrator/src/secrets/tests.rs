//! Tests of the masker: what is hidden, and what stays.

use super::*;

fn same_twice(said: &str) -> String {
    let once = without_secrets(said);
    assert_eq!(without_secrets(&once), once, "masking twice is masking once: {said}");
    once
}

#[test]
fn secrets_are_hidden_and_the_words_around_them_stay() {
    for (said, kept) in [
        (
            "GET https://a.blob/x?sv=1&sig=AbC%2Bdef123&se=2 failed",
            "GET https://a.blob/x?sv=1&sig=[hidden]&se=2 failed",
        ),
        ("url%3Fsig%3DAbCdef123", "url%3Fsig%3D[hidden]"),
        ("Authorization: Bearer abc.def-ghi_jklmno rejected", "Authorization: Bearer [hidden] rejected"),
        ("token eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2lnbmF0dXJl is old", "token [hidden] is old"),
        ("AccountName=a;AccountKey=k3y/k3y==;Suffix=x", "AccountName=a;AccountKey=[hidden];Suffix=x"),
        ("{\"client_secret\":\"s3cr3t-s3cr3t\"}", "{\"client_secret\":\"[hidden]\"}"),
        ("{\\\"password\\\":\\\"hunter2\\\",\\\"x\\\":1}", "{\\\"password\\\":\\\"[hidden]\\\",\\\"x\\\":1}"),
        ("POST /api/f?code=longfunctionkey1&x=1", "POST /api/f?code=[hidden]&x=1"),
        ("Server=x;Password=hunter22;Pwd=hunter22", "Server=x;Password=[hidden];Pwd=[hidden]"),
        ("two: sig=aaaaaa sig=bbbbbb", "two: sig=[hidden] sig=[hidden]"),
        ("client_secret=x and on", "client_secret=[hidden] and on"),
        ("password='two words', then", "password='[hidden]', then"),
        ("password = hunter2 then", "password = [hidden] then"),
        ("{\"password\": \"hunter2\"}", "{\"password\": \"[hidden]\"}"),
        ("is password: hunter2 still", "is password: [hidden] still"),
        ("the account key: q83vEjRW01 is old", "the account key: [hidden] is old"),
        ("x-functions-key: q83vEjRW01", "x-functions-key: [hidden]"),
        ("git clone https://me:pw@x.example/r", "git clone https://me:[hidden]@x.example/r"),
        ("redis://:p@ss@cache.example:6379", "redis://:[hidden]@cache.example:6379"),
        ("https://0123456789abcdef0123@x.example/", "https://[hidden]@x.example/"),
        ("it was abc8Q~0123456789abcdefABCDEF0123456789~_. once", "it was [hidden] once"),
        (
            "k: -----BEGIN RSA PRIVATE KEY-----\nAAAA\nBBBB\n-----END RSA PRIVATE KEY----- end",
            "k: [hidden] end",
        ),
        ("k: -----BEGIN PRIVATE KEY-----\nAAAA", "k: [hidden]"),
        ("run --password hunter2 -v", "run --password [hidden] -v"),
        ("[\"--password\", \"hunter2\"]", "[\"--password\", \"[hidden]\"]"),
        ("mysql -u root -p s3cr3tpw", "mysql -u root -p [hidden]"),
        ("curl -u ada:hunter2 https://x", "curl -u ada:[hidden] https://x"),
        ("<password>hunter2</password>", "<password>[hidden]</password>"),
        ("<add key=\"DbPassword\" value=\"hunter2\"/>", "<add key=\"DbPassword\" value=\"[hidden]\"/>"),
        (
            "{\"name\":\"db-password\",\"value\":\"hunter2\"}",
            "{\"name\":\"db-password\",\"value\":\"[hidden]\"}",
        ),
        ("with the password 'hunter' now", "with the password '[hidden]' now"),
        (
            "{\"keyName\":\"key1\",\"permissions\":\"Full\",\"value\":\"hunter\"}",
            "{\"keyName\":\"key1\",\"permissions\":\"Full\",\"value\":\"[hidden]\"}",
        ),
        ("the password is hunter22, sorry", "the password is [hidden], sorry"),
        ("it is key=q83vEjRW01 |", "it is key=[hidden] |"),
        ("https://hooks.slack.com/services/T0/B0/x1 says", "https://hooks.slack.com/[hidden] says"),
        ("ghp_0123456789abcdefABCDEF0123456789abcd", "[hidden]"),
        ("AKIAIOSFODNN7EXAMPLE is Amazon's", "[hidden] is Amazon's"),
    ] {
        assert_eq!(same_twice(said), kept);
        assert!(has_secret(said) && !has_secret(kept), "{said}");
    }
}

#[test]
fn what_a_log_is_read_for_stays() {
    for word in [
        "",
        "statusCode=NotFound",
        "a basic subscription is needed",
        "design=modern",
        "eyj",
        "BEARER",
        "ssh://git@x.example/r",
        "ask ada@contoso.example: https://x.example/a",
        "abc8Q~short",
        "secret: no",
        "InvalidAuthenticationToken: The access token is invalid.",
        "ExpiredAuthenticationToken: Lifetime validation failed, the token is expired.",
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "thumbprint '0123456789ABCDEF0123456789ABCDEF01234567'",
        "keyVaultUri: https://kv.vault.azure.net/keys/k/0123456789abcdef0123456789abcdef",
        "keyVaultReferenceIdentity old -> NEW",
        "partitionKey=customer42",
        "{\"bypass\": \"AzureServices\", \"defaultAction\": \"Deny\"}",
        "Secret 'db-password' was not found in this key vault",
        "secretName: db-password",
        "docker run -p 8080:80 x",
        "until Entra knows the new principal (typical < 2 min)",
        "application permission 2 of Graph: key vault kv-shop is ok",
        "AZURE_CLIENT_ID old -> NEW",
        "J\u{fc}rgen =\u{1f600}: \u{e9}=\u{e9}",
    ] {
        assert_eq!(same_twice(word), word);
    }
}

#[test]
fn names_of_secrets_are_known_however_they_are_spelt() {
    for name in
        ["adminPassword", "x-functions-key", "Client Secret", "SAS_TOKEN", "db.connectionString", "pwd"]
    {
        assert!(is_secret_name(name), "{name}");
    }
    for name in ["secretName", "keyId", "tokenType", "passwordPolicy", "partitionKey", "name", ""] {
        assert!(!is_secret_name(name), "{name}");
    }
}

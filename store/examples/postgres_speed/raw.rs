//! The bare database: the same rows in a table of the same columns and indexes, by statements that are prepared once.

use std::time::Instant;
use tokio_postgres::{Client, NoTls};

/// What the two events of a step have on average.
pub(crate) const BODY: [u8; 200] = [b'x'; 200];

pub(crate) type Failed = Box<dyn std::error::Error>;

/// Bare inserts, by statements that are prepared once.
pub(crate) struct Raw {
    pub(crate) client: Client,
    schema: String,
    pub(crate) table: String,
}

impl Raw {
    pub(crate) async fn begin(server: &str, schema: &str) -> Result<Self, Failed> {
        let (client, connection) = tokio_postgres::connect(server, NoTls).await?;
        drop(tokio::spawn(connection));
        let table = format!("raw_{schema}");
        let sql = format!("CREATE TABLE {table} (LIKE {schema}.event INCLUDING ALL)");
        client.batch_execute(&sql).await?;
        Ok(Self { client, schema: schema.to_owned(), table })
    }

    pub(crate) async fn end(self) -> Result<(), Failed> {
        let sql = format!("DROP TABLE {}; DROP SCHEMA {} CASCADE", self.table, self.schema);
        Ok(self.client.batch_execute(&sql).await?)
    }

    pub(crate) async fn grouped(&self, events: u64, together: u64) -> Result<f64, Failed> {
        self.client.batch_execute(&format!("TRUNCATE {}", self.table)).await?;
        let sql = format!(
            "INSERT INTO {} SELECT p, s, q, 'began', 1, 1, 'bench', $4, $5, $6
             FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS e(p, s, q)",
            self.table
        );
        let insert = self.client.prepare(&sql).await?;
        let (mut at, begun) = (0, Instant::now());
        while at < events {
            let positions: Vec<i64> =
                (at + 1..=at + together).filter_map(|p| i64::try_from(p).ok()).collect();
            let streams: Vec<String> = positions.iter().map(|p| format!("run/{}", p % 2_000)).collect();
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
                [&positions, &streams, &positions, &&[0_u8; 16][..], &&BODY[..], &&[0_u8; 32][..]];
            self.client.execute(&insert, &values).await?;
            at += together;
        }
        Ok(at as f64 / begun.elapsed().as_secs_f64())
    }
}

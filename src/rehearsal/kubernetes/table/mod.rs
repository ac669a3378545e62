//! Tables for people: the columns that `kubectl get` shows.
//!
//! As the real server prints them, with the columns that only `-o wide` shows; those of custom
//! resources are what their definition says.

mod cells;
mod others;
mod path;
mod workloads;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::api::Api;
use super::kind::{Kind, Origin, at};
use super::read::metadata_only;
use super::value::{items, name, text};

/// A column: its title, and whether only the wide form shows it.
type Column = (&'static str, Width);

/// Which form of a table shows a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Always,
    Wide,
}

/// Objects of one kind as a `Table`.
pub(crate) fn table(api: &Api, kind: &Kind, objects: &[Value], revision: u64) -> Value {
    let now = api.world.now();
    let (columns, rows) = if kind.origin == Origin::Defined {
        let definition =
            api.objects.get(at::DEFINITIONS, "", &kind.qualified()).unwrap_or_default();
        defined(&definition, kind, objects, now)
    } else {
        let columns = cells::columns(kind);
        let told = |(title, width): &Column| {
            let priority = i32::from(*width == Width::Wide);
            let format = if *title == "Name" { "name" } else { "" };
            column(title, "string", format, title, priority)
        };
        let rows = objects.iter().map(|object| cells::row(kind, object, now)).collect();
        (columns.iter().map(told).collect(), rows)
    };
    let rows: Vec<Value> = objects
        .iter()
        .zip(rows)
        .map(|(object, cells): (&Value, Vec<Value>)| {
            json!({"cells": cells, "object": metadata_only(object)})
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": revision.to_string()},
        "columnDefinitions": columns, "rows": rows})
}

fn column(title: &str, kind: &str, format: &str, description: &str, priority: i32) -> Value {
    json!({"name": title, "type": kind, "format": format, "description": description,
        "priority": priority})
}

/// The columns that a definition names, else name and age.
fn defined(
    definition: &Value,
    kind: &Kind,
    objects: &[Value],
    now: Timestamp,
) -> (Vec<Value>, Vec<Vec<Value>>) {
    let version = items(definition, "/spec/versions").find(|v| v["name"] == kind.version.as_str());
    let age = json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"});
    let mut printed: Vec<Value> = version
        .and_then(|version| version["additionalPrinterColumns"].as_array().cloned())
        .unwrap_or_default();
    if printed.is_empty() {
        printed.push(age);
    }
    let mut columns = vec![column("Name", "string", "name", "Name", 0)];
    columns.extend(printed.iter().map(|c| {
        let priority = c["priority"].as_i64().and_then(|p| i32::try_from(p).ok()).unwrap_or(0);
        column(
            text(c, "/name"),
            text(c, "/type"),
            text(c, "/format"),
            text(c, "/description"),
            priority,
        )
    }));
    let row = |object: &Value| {
        let mut cells = vec![json!(name(object))];
        cells.extend(printed.iter().map(|column| {
            let found = path::first(object, text(column, "/jsonPath"));
            match (text(column, "/type"), found) {
                (_, None) => Value::Null,
                ("date", Some(value)) => json!(age_of(value.as_str().unwrap_or_default(), now)),
                (_, Some(value)) => value.clone(),
            }
        }));
        cells
    };
    (columns, objects.iter().map(row).collect())
}

/// The time since a moment, as `kubectl` writes it.
fn age_of(since: &str, now: Timestamp) -> String {
    match since.parse::<Timestamp>() {
        Ok(since) => duration(now.duration_since(since).as_secs().max(0)),
        Err(_) => "<unknown>".into(),
    }
}

/// A span of time as `kubectl` writes it: the coarser, the longer it is.
fn duration(seconds: i64) -> String {
    let two = |large: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{small_unit}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_written_as_kubectl_does() {
        let written = [5, 119, 120, 150, 599, 600, 7300, 10_800, 10_860, 100_000, 176_400];
        assert_eq!(
            written.map(duration),
            ["5s", "119s", "2m", "2m30s", "9m59s", "10m", "121m", "3h", "3h1m", "27h", "2d1h"]
        );
        assert_eq!(duration(86_400 * 30), "30d");
        assert_eq!(duration(86_400 * 800), "2y70d");
    }
}

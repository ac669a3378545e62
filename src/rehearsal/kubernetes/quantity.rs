//! Quantities as Kubernetes writes them: `250m`, `4Gi`, `1e3`.

use serde_json::Value;

/// A quantity in thousandths of its unit.
pub(crate) fn milli(quantity: &Value) -> i128 {
    match quantity {
        Value::Number(n) => n
            .as_i64()
            .map(|whole| i128::from(whole) * 1000)
            .or_else(|| parse(&n.to_string()))
            .unwrap_or(0),
        Value::String(text) => parse(text).unwrap_or(0),
        _ => 0,
    }
}

/// Parses a quantity into thousandths; `None` when it is not one.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let text = text.trim();
    let split = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && "+-".contains(*c))))
        .map_or(text.len(), |(at, _)| at);
    let (digits, suffix) = text.split_at(split);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let factor: i128 = match suffix {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "P" => 1_000_000_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        "Pi" => 1000 << 50,
        exponent => {
            let power = exponent.strip_prefix(['e', 'E'])?.parse::<u32>().ok()?;
            10i128.checked_pow(power.checked_add(3)?)?
        }
    };
    let mut value = whole.checked_mul(factor)?;
    if !fraction.is_empty() {
        let scale = 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let part = fraction.parse::<i128>().ok()?.checked_mul(factor)? / scale;
        value = value.checked_add(part)?;
    }
    Some(value)
}

/// Writes thousandths of a count the way the API does: whole where possible, else `…m`.
pub(crate) fn count(milli: i128) -> String {
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_with_every_suffix_and_refused_when_they_are_none() {
        assert_eq!(parse("250m"), Some(250));
        assert_eq!(parse("1.5"), Some(1500));
        assert_eq!(parse("4Gi"), Some(4 * 1024 * 1024 * 1024 * 1000));
        assert_eq!(parse("1e3"), Some(1_000_000));
        assert_eq!(parse("8"), Some(8000));
        assert_eq!(parse("many"), None);
        assert_eq!(parse("1e99"), None);
        assert_eq!(count(15890), "15890m");
    }
}

//! The companies of the simulator. None of them exists.

use super::listing::Listing;
use super::random::Random;
use super::values::{Price, Scale, Symbol};

/// Symbols of a market at most: what a large exchange has.
pub const SYMBOLS_LIMIT: usize = 2_000;

/// What a company is called after: three letters of its symbol, and both names.
const AFTER: [(&str, &str, &str); 50] = [
    ("HAN", "Hanok", "한옥"),
    ("NAM", "Namu", "나무"),
    ("HAE", "Haetsal", "햇살"),
    ("SOR", "Sori", "소리"),
    ("DAL", "Dalbit", "달빛"),
    ("GUR", "Gureum", "구름"),
    ("BAD", "Badaro", "바다로"),
    ("SAN", "Sanneomeo", "산너머"),
    ("BYE", "Byeolmuri", "별무리"),
    ("NUN", "Nunkkot", "눈꽃"),
    ("PUL", "Pulip", "풀잎"),
    ("MIR", "Mirinae", "미리내"),
    ("ARA", "Arari", "아라리"),
    ("GAR", "Garam", "가람"),
    ("MAR", "Maru", "마루"),
    ("DOL", "Doldam", "돌담"),
    ("ISE", "Iseul", "이슬"),
    ("NOE", "Noeul", "노을"),
    ("SAE", "Saebyeok", "새벽"),
    ("ONN", "Onnuri", "온누리"),
    ("DAN", "Danpung", "단풍"),
    ("SIN", "Sinabro", "시나브로"),
    ("YEO", "Yeoul", "여울"),
    ("JIN", "Jindallae", "진달래"),
    ("GAO", "Gaon", "가온"),
    ("KKA", "Kkachi", "까치"),
    ("DOR", "Doraji", "도라지"),
    ("MIN", "Mindeulle", "민들레"),
    ("BAR", "Baramgae", "바람개"),
    ("HOB", "Hobak", "호박"),
    ("OLL", "Ollebit", "올레빛"),
    ("SEO", "Seoritkkot", "서릿꽃"),
    ("CHO", "Chorong", "초롱"),
    ("TEO", "Teobat", "터밭"),
    ("PAD", "Padogil", "파도길"),
    ("GOE", "Goeunmal", "고운말"),
    ("NAR", "Narae", "나래"),
    ("DEU", "Deulkkot", "들꽃"),
    ("SEM", "Semmul", "샘물"),
    ("MOR", "Moraebul", "모래불"),
    ("JOY", "Joyak", "조약돌"),
    ("BIT", "Bitgoeul", "빛고을"),
    ("HWA", "Hwaro", "화로"),
    ("EUN", "Eunhasu", "은하수"),
    ("SOL", "Solhyang", "솔향"),
    ("TAL", "Talchum", "탈춤"),
    ("JAN", "Jangseung", "장승"),
    ("DUR", "Duremaeul", "두레마을"),
    ("KON", "Kongkkot", "콩꽃"),
    ("YUN", "Yunseul", "윤슬"),
];

/// What it does: two letters of its symbol, and both names.
const DOES: [(&str, &str, &str); 40] = [
    ("EL", "Electronics", "전자"),
    ("BK", "Bank", "은행"),
    ("SH", "Shipbuilding", "조선"),
    ("FD", "Foods", "식품"),
    ("CH", "Chemical", "화학"),
    ("MT", "Motors", "자동차"),
    ("BI", "Bio", "바이오"),
    ("GM", "Games", "게임즈"),
    ("EN", "Energy", "에너지"),
    ("ST", "Steel", "제철"),
    ("TL", "Telecom", "통신"),
    ("CN", "Construction", "건설"),
    ("PH", "Pharma", "제약"),
    ("AR", "Air", "항공"),
    ("IN", "Insurance", "보험"),
    ("SC", "Securities", "증권"),
    ("RT", "Retail", "유통"),
    ("ET", "Entertainment", "엔터"),
    ("SM", "Semicon", "반도체"),
    ("BT", "Battery", "배터리"),
    ("LG", "Logistics", "물류"),
    ("TX", "Textile", "섬유"),
    ("PP", "Paper", "제지"),
    ("GL", "Glass", "유리"),
    ("RB", "Robotics", "로보틱스"),
    ("SW", "Software", "소프트"),
    ("ED", "Education", "교육"),
    ("TR", "Travel", "여행"),
    ("HT", "Hotels", "호텔"),
    ("CO", "Cosmetics", "화장품"),
    ("WT", "Water", "수자원"),
    ("GS", "Gas", "가스"),
    ("RL", "Rail", "철도"),
    ("MD", "Media", "미디어"),
    ("AG", "Agro", "농산"),
    ("MR", "Marine", "해운"),
    ("OP", "Optics", "광학"),
    ("CB", "Cable", "전선"),
    ("TY", "Toys", "완구"),
    ("SP", "Space", "우주"),
];

/// So many made-up listings, at most [`SYMBOLS_LIMIT`]: three of four are traded in Seoul and in won, the fourth in New York.
pub fn invented(count: usize) -> Vec<Listing> {
    (0..count.min(SYMBOLS_LIMIT)).filter_map(one).collect()
}

fn one(n: usize) -> Option<Listing> {
    let after = AFTER.get(n % AFTER.len())?;
    // Each round pairs every name with another trade.
    let does = DOES.get((n / AFTER.len() + n) % DOES.len())?;
    let symbol: Symbol = format!("{}{}", after.0, does.0).parse().ok()?;
    let (decimals, utc_offset_minutes, currency) = match n % 4 {
        3 => (2, -300, "USD"),
        _ => (0, 540, "KRW"),
    };
    Some(Listing {
        symbol,
        name_en: format!("{} {}", after.1, does.1),
        name_ko: format!("{}{}", after.2, does.2),
        scale: Scale::new(decimals).ok()?,
        utc_offset_minutes,
        currency: currency.to_owned(),
    })
}

/// What a share of a company is worth: 1,000 to 500,000 of the last decimal, small sums as likely as large ones.
pub(super) fn worth(listing: &Listing, seed: u64) -> Price {
    let mut random = Random::new(seed);
    let mut units = random.between(1_000, 2_000);
    for _ in 0..random.between(0, 8) {
        units *= 2;
    }
    // Cents are worth more than won.
    let units = if listing.scale.decimals() == 0 {
        units
    } else {
        units.max(2_000)
    };
    Price::new(units).unwrap_or(Price::LEAST)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_company_has_a_symbol_and_names_of_its_own() {
        let listings = invented(usize::MAX);
        assert_eq!(listings.len(), SYMBOLS_LIMIT);
        let symbols: HashSet<_> = listings.iter().map(|listing| listing.symbol).collect();
        let names: HashSet<_> = listings.iter().map(|listing| &listing.name_ko).collect();
        let english: HashSet<_> = listings.iter().map(|listing| &listing.name_en).collect();
        assert_eq!([symbols.len(), names.len(), english.len()], [SYMBOLS_LIMIT; 3]);
        assert_eq!(invented(3), listings[..3], "more of them change nothing");
    }
}

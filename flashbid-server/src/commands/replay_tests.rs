use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn arguments(options: &[&str]) -> Arguments {
    let line = ["replay", "bids.csv"].iter().chain(options);
    Line::try_parse_from(line).unwrap().arguments
}

async fn winners(csv: &str, options: &[&str]) -> Vec<(String, u32, String, String)> {
    let winners = replay(csv.as_bytes(), &arguments(options)).await.unwrap();
    winners
        .into_iter()
        .map(|winner| {
            (
                winner.campaign,
                winner.rank,
                winner.bidder,
                winner.price.to_string(),
            )
        })
        .collect()
}

fn line(campaign: &str, rank: u32, bidder: &str, price: &str) -> (String, u32, String, String) {
    (campaign.into(), rank, bidder.into(), price.into())
}

#[tokio::test]
async fn the_highest_bid_wins_and_of_equal_bids_the_earlier() {
    let csv = "bidder,price,time_ms\nann,10,30\nbob,12.50,20\ncid,12.5,10\n";
    assert_eq!(winners(csv, &[]).await, [line("", 1, "cid", "12.50")]);
    assert_eq!(
        winners(csv, &["--units", "2"]).await,
        [line("", 1, "cid", "12.50"), line("", 2, "bob", "12.50")]
    );
}

#[tokio::test]
async fn sales_are_separate_and_in_the_order_of_the_file() {
    let csv = "auction_id,bid,bid_time_days,bidder,item\n\
               7,5,2.5,ann,x\n3,9,0.000001,bob,x\n7,6,0.1,cid,x\n";
    assert_eq!(
        winners(csv, &[]).await,
        [line("7", 1, "cid", "6.00"), line("3", 1, "bob", "9.00")]
    );
}

#[tokio::test]
async fn early_bids_and_members_are_favoured_as_the_factors_say() {
    let csv = "who,what,when_s,weight\nann,10,0,1\nbob,10,1,5\n";
    let columns = [
        "--bidder-column",
        "who",
        "--price-column",
        "what",
        "--time-column",
        "when_s",
    ];
    let with = |factor: [&'static str; 2]| [&columns[..], &factor[..]].concat();
    assert_eq!(winners(csv, &with(["--beta", "1000"])).await[0].2, "ann");
    assert_eq!(winners(csv, &with(["--gamma", "100"])).await[0].2, "bob");
}

#[tokio::test]
async fn rows_below_the_reserve_price_are_refused() {
    let csv = "bidder,price\nann,10\nbob,12\n";
    assert_eq!(winners(csv, &["--min-price", "13"]).await, []);
}

#[tokio::test]
async fn a_file_that_makes_no_sense_is_refused_by_line() {
    for (csv, reason) in [
        ("", "no column bidder"),
        ("bidder\nann\n", "no column price"),
        ("bidder,price\nann,-1\n", "line 2"),
        ("bidder,price\nann,10\nbob,1e400\n", "line 3"),
        ("bidder,price\n,10\n", "line 2"),
        ("bidder,price\nann\n", "line 2"),
        ("bidder,price,time_ms\nann,1,-5\n", "line 2"),
        (
            "bidder,price,time_ms\nann,1,99999999999999999999\n",
            "line 2",
        ),
        ("bidder,price,weight\nann,1,1001\n", "line 2"),
    ] {
        let failure = replay(csv.as_bytes(), &arguments(&[])).await.unwrap_err();
        assert!(failure.to_string().contains(reason), "{csv:?} -> {failure}");
    }
    let not_text: &[u8] = b"bidder,price\n\xff\xfe,1\n";
    assert!(replay(not_text, &arguments(&[])).await.is_err());
    let huge = arguments(&["--alpha", "1000000000"]);
    assert!(replay(&b"bidder,price\n"[..], &huge).await.is_err());
}

"""Public data sets by name: what each is, where it lies, under which licence, and whether it may train what we ship.

A file is taken only if its SHA-256 is the one written here. Where none is known (``sha256=None``) it is taken from a
local path, or with --trust-first, which a person has to say; what came then is kept as the measure of later times.
Addresses on GitHub name a commit where one is known, so that what lies there can't change.
"""

from dataclasses import dataclass

from moderator.training import parsers
from moderator.training.parsers import Parser

GITHUB = "https://raw.githubusercontent.com"
LICENCE_ALLOWS = "its licence allows it, with attribution"


@dataclass(frozen=True, slots=True)
class Remote:
    """A file of a set: its name here, its address (none: it can only be given), its SHA-256 where that is known."""

    name: str
    address: str = ""
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A public set. ``may_train`` is about the weights that this project ships, ``reason`` says why (not)."""

    name: str
    sentence: str
    home: str
    licence: str
    attribution: str
    languages: tuple[str, ...]
    files: tuple[Remote, ...]
    parse: Parser
    may_train: bool
    reason: str = LICENCE_ALLOWS


DATASETS: tuple[Dataset, ...] = (
    # May train what we ship: sets with spam.
    Dataset(
        "youtube_spam",
        "1,956 comments under five music videos of 2013–2015, half of them spam.",
        "https://archive.ics.uci.edu/dataset/380/youtube+spam+collection",
        "CC BY 4.0",
        "T. C. Alberto, J. V. Lochter, T. A. Almeida: TubeSpam, ICMLA 2015; UCI Machine Learning Repository 380",
        ("en",),
        (
            Remote(
                "youtube_spam_collection.zip",
                "https://archive.ics.uci.edu/static/public/380/youtube+spam+collection.zip",
                "bd6182891adb3cfc8334b82c062176dfbebc563bf0ba07e31c2645f916865a0a",
            ),
        ),
        parsers.youtube_spam,
        may_train=True,
    ),
    Dataset(
        "sms_spam",
        "5,574 text messages, 747 of them spam: a neighbour of comments.",
        "https://archive.ics.uci.edu/dataset/228/sms+spam+collection",
        "CC BY 4.0",
        "T. A. Almeida, J. M. Gómez Hidalgo, A. Yamakami, DocEng 2011; UCI Machine Learning Repository 228",
        ("en",),
        (
            Remote(
                "sms_spam_collection.zip",
                "https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
                "1587ea43e58e82b14ff1f5425c88e17f8496bfcdb67a583dbff9eefaf9963ce3",
            ),
        ),
        parsers.sms_spam,
        may_train=True,
    ),
    Dataset(
        "scamspot",
        "3,586 Instagram comments on finance, 1,288 of them scams with mangled handles.",
        "https://github.com/ScamSpot/scamspot_ig-comment-scraper",
        "MIT",
        "S. Erben, A. Waldis: ScamSpot, EACL 2024 (System Demonstrations)",
        ("en",),
        (
            Remote(
                "comments-rated.csv",
                f"{GITHUB}/ScamSpot/scamspot_ig-comment-scraper/"
                "3168df8f4e7477a77025fda078f62ee8fea21a11/data/comments-rated.csv",
            ),
        ),
        parsers.scamspot,
        may_train=True,
    ),
    Dataset(
        "judol",
        "37,216 Indonesian video comments; the spam is gambling in disguised letters.",
        "https://github.com/gbennnn/judol-comment-classification",
        "MIT",
        "gbennnn: judol-comment-classification",
        ("id",),
        (
            Remote(
                "dataset_judol_labelled.csv",
                f"{GITHUB}/gbennnn/judol-comment-classification/"
                "3713f6817cbb654ec303d24654d866c85db86b3f/dataset/dataset_judol_labelled.csv",
            ),
        ),
        parsers.judol,
        may_train=True,
    ),
    Dataset(
        "tg_spam",
        "Some 600 messages of Telegram groups, a third of them offers of jobs and coins.",
        "https://github.com/umputun/tg-spam",
        "MIT",
        "Umputun: tg-spam",
        ("ru", "en"),
        (
            Remote(
                "spam-samples.txt",
                f"{GITHUB}/umputun/tg-spam/e6dc6b6b567326ec6e03cdaee57b934bebcd363e/data/spam-samples.txt",
            ),
            Remote(
                "ham-samples.txt",
                f"{GITHUB}/umputun/tg-spam/29aeceb86938c684f45ac4237e660c4dc608aa2f/data/ham-samples.txt",
            ),
        ),
        parsers.tg_spam,
        may_train=True,
    ),
    Dataset(
        "spam_templates",
        "60 templates of flattery that a spam robot dumped on a blog in 2018; spam alone.",
        "https://github.com/hendrixjoseph/hendrixjoseph.github.io",
        "MIT",
        "Joseph Hendrix: Dealing with Spam Comments & A Spambot Dumps Its Contents",
        ("en",),
        (
            Remote(
                "spambot-dump.md",
                f"{GITHUB}/hendrixjoseph/hendrixjoseph.github.io/b96ad1df0129f5529e41a86516a6e2f5b2e96b84/"
                "_posts/2018-01-12-dealing-with-spam-comments-a-spambot-dumps-it-contents.md",
            ),
        ),
        parsers.spam_templates,
        may_train=True,
    ),
    # May train what we ship: ham alone, much of it rude (rude is not spam).
    Dataset(
        "cold",
        "37,480 Chinese posts about race, gender and region, half of them offensive; ham alone.",
        "https://github.com/thu-coai/COLDataset",
        "Apache-2.0",
        "J. Deng et al.: COLD, EMNLP 2022",
        ("zh",),
        tuple(
            Remote(f"{part}.csv", f"{GITHUB}/thu-coai/COLDataset/{commit}/COLDataset/{part}.csv")
            for part, commit in (
                ("train", "0dfbf0884aaf105cd806ff5fa127087f09b21cb6"),
                ("dev", "0dfbf0884aaf105cd806ff5fa127087f09b21cb6"),
                ("test", "13ac460939e7569956a4f95b900f0bc088c6e5b7"),
            )
        ),
        parsers.table("TEXT", lang="zh", toxic="label"),
        may_train=True,
    ),
    Dataset(
        "mlma",
        "Tweets in three languages, most of them hateful; ham alone.",
        "https://github.com/HKUST-KnowComp/MLMA_hate_speech",
        "MIT",
        "N. Ousidhoum et al.: Multilingual and Multi-Aspect Hate Speech Analysis, EMNLP 2019",
        ("fr", "ar", "en"),
        (
            Remote(
                "hate_speech_mlma.zip",
                f"{GITHUB}/HKUST-KnowComp/MLMA_hate_speech/35f64ef1440e94e08085a075aa8732ce23880817/"
                "hate_speech_mlma.zip",
            ),
        ),
        parsers.table(
            "tweet", toxic="sentiment", calm=("normal",), members=r"hate_speech_mlma/(?:ar|en|fr)_dataset\.csv"
        ),
        may_train=True,
    ),
    Dataset(
        "korean_news",
        "7,896 comments on Korean entertainment news with the articles' titles, many of them rude; ham alone.",
        "https://github.com/kocohub/korean-hate-speech",
        "CC BY-SA 4.0",
        "J. Moon, W. I. Cho, J. Lee: BEEP!, SocialNLP 2020",
        ("ko",),
        (
            Remote(
                "train.tsv",
                f"{GITHUB}/kocohub/korean-hate-speech/master/labeled/train.tsv",
                "ebebacdcd023af2c4acc8c0a37695fb6433ac04fc009feff8f222724e303a5a9",
            ),
            Remote(
                "train.news_title.txt",
                f"{GITHUB}/kocohub/korean-hate-speech/2dbeb0b3435881e3b03e54fa87bc1ce44e7ba176/"
                "news_title/train.news_title.txt",
            ),
        ),
        parsers.korean_news,
        may_train=True,
    ),
    Dataset(
        "japanese_toxic",
        "437 Japanese sentences from the web, some of them toxic; ham alone.",
        "https://github.com/inspection-ai/japanese-toxic-dataset",
        "Apache-2.0",
        "inspection-ai: Proposal and Evaluation of Japanese Toxicity Schema",
        ("ja",),
        (
            Remote(
                "subset.csv",
                f"{GITHUB}/inspection-ai/japanese-toxic-dataset/5dd25fc4f6c3ea5d5e5bb7fdaec62669c4e807fb/"
                "data/subset.csv",
            ),
        ),
        parsers.table("text", lang="ja"),
        may_train=True,
    ),
    Dataset(
        "jigsaw",
        "Comments of Wikipedia's talk pages (the challenge's train.csv, or a sample of it); ham alone.",
        "https://www.kaggle.com/c/jigsaw-toxic-comment-classification-challenge",
        "CC0 (the texts CC BY-SA 3.0)",
        "Jigsaw / Conversation AI; Wikipedia's contributors",
        ("en",),
        (Remote("train.csv"),),  # behind a login: give your own copy
        parsers.table("comment_text", lang="en", toxic="toxic"),
        may_train=True,
    ),
    # To evaluate with only: never in shipped weights.
    Dataset(
        "hatebr",
        "7,000 Instagram comments on Brazilian politics, a half of them offensive; ham alone.",
        "https://github.com/franciellevargas/HateBR",
        "CC BY-NC 4.0",
        "F. Vargas et al.: HateBR, LREC 2022",
        ("pt",),
        (
            Remote(
                "HateBR.csv",
                f"{GITHUB}/franciellevargas/HateBR/4435ba7c5b941bfbe032d6e31d9900a53942af9c/dataset/HateBR.csv",
            ),
        ),
        parsers.table("instagram_comments", lang="pt", toxic="binary_classification"),
        may_train=False,
        reason="its licence forbids commercial use",
    ),
    Dataset(
        "offcombr",
        "1,033 comments on Brazilian news, some of them offensive; ham alone.",
        "https://github.com/rogersdepelle/OffComBR",
        "none stated",
        "R. de Pelle, V. Moreira: OffComBR, BraSNAM 2017",
        ("pt",),
        (
            Remote(
                "OffComBR3.arff",
                f"{GITHUB}/rogersdepelle/OffComBR/9712e818667bfa371f9b46ca1c1cd4ae3555e9d4/OffComBR3.arff",
            ),
        ),
        parsers.offcombr,
        may_train=False,
        reason="it states no licence",
    ),
    Dataset(
        "unhealthy",
        "Comments on a Canadian newspaper's articles, some of them unkind; ham alone (validation and test part).",
        "https://github.com/conversationai/unhealthy-conversations",
        "CC BY-SA 4.0",
        "I. Price et al.: Six Attributes of Unhealthy Conversations, 2020",
        ("en",),
        tuple(
            Remote(f"{part}.csv", f"{GITHUB}/conversationai/unhealthy-conversations/{commit}/corpus/{part}.csv")
            for part, commit in (
                ("val", "b93758e820db314446920f3a468318e8abfa7d86"),
                ("test", "aaae8e2c1f607095aec1bcd6c9f61fa264a7ea74"),
            )
        ),
        parsers.table("comment", lang="en"),
        may_train=False,
        reason="kept aside to evaluate with",
    ),
    Dataset(
        "vihsd",
        "33,400 Vietnamese comments on social media, a sixth of them rude; ham alone.",
        "https://github.com/sonlam1102/vihsd",
        "none stated",
        "S. T. Luu, K. V. Nguyen, N. L.-T. Nguyen: ViHSD, IEA/AIE 2021",
        ("vi",),
        (Remote("vihsd.zip", f"{GITHUB}/sonlam1102/vihsd/70fe50c9c94145e3b9be5614a048cbd5b480fa54/data/vihsd.zip"),),
        parsers.table("free_text", lang="vi", toxic="label_id", members=r"vihsd/(?:train|dev|test)\.csv"),
        may_train=False,
        reason="it states no licence",
    ),
)


def dataset(name: str) -> Dataset | None:
    """The set of that name."""
    return next((known for known in DATASETS if known.name == name), None)

"""The names of the small world: guilds, channels, roles and people, in several scripts."""

from typing import NamedTuple


class GuildName(NamedTuple):
    """How one guild is called and speaks."""

    name: str
    locale: str
    channels: tuple[str, ...]
    roles: tuple[str, ...]


class PersonName(NamedTuple):
    """How one person is called and which language their client is set to."""

    username: str
    display: str
    locale: str


GUILDS: tuple[GuildName, ...] = (
    GuildName("Harbour Lights", "en-GB", ("general", "bot-lounge", "fishing"), ("Keeper", "Crew")),
    GuildName("深夜カフェ", "ja", ("雑談", "ボット", "音楽"), ("店長", "常連")),
    GuildName("Les Étoiles du Code", "fr", ("accueil", "robots", "projets"), ("Étoile", "Comète")),
    GuildName("Ночные шахматы", "ru", ("общий", "бот", "партии"), ("Гроссмейстер", "Игрок")),
    GuildName("Die Lesebühne 📚", "de", ("foyer", "automat", "buchclub"), ("Vorstand", "Leser")),
)

MORE_GUILDS: tuple[str, ...] = (
    "Copper Kettle", "Quiet Orchard", "Paper Lanterns", "North Platform", "Velvet Arcade",
    "The Long Table", "Signal Garden", "Moss & Mortar", "Blue Hour", "Tin Roof Radio",
)  # fmt: skip

PEOPLE: tuple[PersonName, ...] = (
    PersonName("marlow", "Marlow", "en-GB"),
    PersonName("aoife.k", "Aoife", "en-GB"),
    PersonName("tidekeeper", "Tide Keeper", "en-GB"),
    PersonName("juniper_w", "Juniper", "en-US"),
    PersonName("sam_o", "Sam Okafor", "en-US"),
    PersonName("dockside", "dockside", "en-GB"),
    PersonName("priya.n", "Priya", "en-GB"),
    PersonName("old_harbour", "Old Harbour", "en-GB"),
    PersonName("wren", "Wren 🐦", "en-US"),
    PersonName("calloway", "Calloway", "en-US"),
    PersonName("bertie", "Bertie", "en-GB"),
    PersonName("niamh", "Niamh Ní Bhriain", "en-GB"),
    PersonName("yuki_h", "雪", "ja"),
    PersonName("haruto", "ハルト", "ja"),
    PersonName("sakura.m", "さくら", "ja"),
    PersonName("kenji_t", "健二", "ja"),
    PersonName("aoi", "葵", "ja"),
    PersonName("mikan", "みかん", "ja"),
    PersonName("ren_s", "蓮", "ja"),
    PersonName("kuroneko", "黒猫", "ja"),
    PersonName("minjun", "민준", "ko"),
    PersonName("seoyeon", "서연", "ko"),
    PersonName("jiho", "지호", "ko"),
    PersonName("meiling", "美玲", "zh-CN"),
    PersonName("xiaolong", "小龙", "zh-CN"),
    PersonName("weiting", "瑋婷", "zh-TW"),
    PersonName("elodie", "Élodie", "fr"),
    PersonName("thibault", "Thibault", "fr"),
    PersonName("maelys", "Maëlys", "fr"),
    PersonName("noe.d", "Noé", "fr"),
    PersonName("clemence", "Clémence", "fr"),
    PersonName("ousmane", "Ousmane", "fr"),
    PersonName("ines.b", "Inès", "fr"),
    PersonName("gaspard", "Gaspard", "fr"),
    PersonName("anya", "Аня", "ru"),
    PersonName("dmitri_v", "Дмитрий", "ru"),
    PersonName("lena.s", "Лена", "ru"),
    PersonName("kostya", "Костя", "ru"),
    PersonName("olha", "Ольга", "uk"),
    PersonName("bohdan", "Богдан", "uk"),
    PersonName("ivanka", "Иванка", "bg"),
    PersonName("milos", "Miloš", "hr"),
    PersonName("lotte", "Lotte", "de"),
    PersonName("juergen", "Jürgen", "de"),
    PersonName("annika_b", "Annika", "de"),
    PersonName("friedrich", "Friedrich", "de"),
    PersonName("soeren", "Sören", "da"),
    PersonName("mathilde", "Mathilde", "de"),
    PersonName("zofia", "Zofia", "pl"),
    PersonName("wojtek", "Wojtek", "pl"),
    PersonName("eleni", "Ελένη", "el"),
    PersonName("nikos.p", "Νίκος", "el"),
    PersonName("layla", "ليلى", "en-US"),
    PersonName("omar.f", "عمر", "en-US"),
    PersonName("tamar", "תמר", "en-US"),
    PersonName("arjun", "अर्जुन", "hi"),
    PersonName("meera", "मीरा", "hi"),
    PersonName("somchai", "สมชาย", "th"),
    PersonName("linh", "Linh Đặng", "vi"),
    PersonName("emre", "Emre Yıldız", "tr"),
    PersonName("joao", "João", "pt-BR"),
    PersonName("lucia", "Lucía", "es-ES"),
    PersonName("astrid", "Åstrid", "sv-SE"),
    PersonName("giulia", "Giulia", "it"),
)

"""
What the demo shop sells: twelve toys with their prices; names and stories stand in both languages.
"""

from dataclasses import dataclass
from typing import Literal

Language = Literal["pl", "en"]
LANGUAGES: tuple[Language, ...] = ("pl", "en")

MAX_PER_TOY = 5
"""The most pieces of one toy in a basket: a promotion's usual limit."""


@dataclass(frozen=True, slots=True)
class Words:
    """
    Hold one text in each language of the shop.
    """

    pl: str
    en: str

    def __call__(self, language: Language) -> str:
        """
        Give the text in one language.
        """
        return self.pl if language == "pl" else self.en


@dataclass(frozen=True, slots=True)
class Toy:
    """
    Describe one toy; prices are in grosze (1/100 PLN), `tint` colours the card behind its picture.

    `usual` is the price before the promotion, which is also the lowest of the thirty days before it.
    """

    slug: str
    price: int
    usual: int
    age: int
    tint: str
    name: Words
    line: Words
    story: Words


TOYS: tuple[Toy, ...] = (
    Toy(
        "wooden-train", 8_900, 14_900, 2, "sky",
        Words("Kolejka „Ciuchcia”", "Puffer the wooden train"),
        Words("Lokomotywa i dwa wagony z buku", "An engine and two waggons of beech"),
        Words(
            "Kółka stukają jak trzeba, a ładunek wybierasz samodzielnie: jabłka, klocki albo kot. "
            "Wagoniki łączą się magnesami, więc skład rośnie razem z zapałem.",
            "Its wheels clack as they should, and you choose the freight: apples, blocks or the cat. "
            "The waggons hold together by magnets, so the train grows with the fun.",
        ),
    ),
    Toy(
        "teddy-bear", 7_700, 12_900, 0, "peach",
        Words("Miś Borys", "Boris the bear"),
        Words("Miękki, cierpliwy, do prania w 30°", "Soft, patient, washable at 30°"),
        Words(
            "Borys słucha uważnie i nie zdradza sekretów. Futerko z bawełny organicznej, "
            "szalik na stałe, żeby nie zginął w przedszkolu.",
            "Boris listens well and keeps secrets. Organic cotton fur, and a scarf that is "
            "sewn on, so that it comes back from nursery.",
        ),
    ),
    Toy(
        "kite", 3_500, 5_900, 5, "mint",
        Words("Latawiec „Wicherek”", "Breezy the kite"),
        Words("Wzlatuje już przy lekkim wietrze", "Takes off in the lightest wind"),
        Words(
            "Składa się w minutę i mieści w plecaku. Trzydzieści metrów sznurka, ogon z kokardkami "
            "i pełna gwarancja zadartej głowy.",
            "Ready in a minute, and it fits into a rucksack. Thirty metres of line, a tail of bows, "
            "and a whole afternoon of looking up.",
        ),
    ),
    Toy(
        "robot", 11_900, 19_900, 4, "lilac",
        Words("Robot Śrubek", "Bolt the robot"),
        Words("Nakręcany kluczykiem, bez baterii", "Winds up with a key, no batteries"),
        Words(
            "Idzie przed siebie, mruga okiem i skręca przed krawędzią stołu. "
            "Blaszany po dziadku, wesoły po babci.",
            "Walks straight on, winks, and turns at the edge of the table. "
            "Has his grandfather’s tin and his grandmother’s humour.",
        ),
    ),
    Toy(
        "building-blocks", 6_500, 10_900, 1, "butter",
        Words("Klocki „Miasteczko”", "Little Town blocks"),
        Words("48 klocków, łuki i wieżyczki", "48 blocks with arches and turrets"),
        Words(
            "Lipowe drewno i farby, które wolno wziąć do buzi. Z jednego pudełka powstaje zamek, "
            "ratusz albo bardzo wysoka wieża do zburzenia.",
            "Lime wood, and paint that may be chewed. One box makes a castle, a town hall, "
            "or a very tall tower to knock down.",
        ),
    ),
    Toy(
        "sailing-boat", 5_900, 9_900, 3, "sky",
        Words("Żaglówka „Fala”", "Ripple the sailing boat"),
        Words("Pływa w wannie i na jeziorze", "Sails in the bath and on the lake"),
        Words(
            "Kadłub z korka zawsze wstaje, a żagle można postawić i zrzucić jak na prawdziwej łodzi. "
            "Numer na żaglu to kod pocztowy krainy wakacji.",
            "Its cork hull always rights itself, and the sails go up and down as on a real boat. "
            "The number on the sail is the postcode of the holidays.",
        ),
    ),
    Toy(
        "rocket", 9_500, 15_900, 4, "night",
        Words("Rakieta „Kometa”", "Comet the rocket"),
        Words("Z otwieraną kabiną i załogą", "With a cabin that opens, and a crew"),
        Words(
            "Trzy człony do rozłożenia, iluminator i miejsce dla dwojga astronautów. "
            "Start po odliczeniu od dziesięciu, także po polsku.",
            "Three stages to take apart, a porthole, and room for two astronauts. "
            "Takes off after a countdown from ten, however often you miscount.",
        ),
    ),
    Toy(
        "dolls-house", 23_900, 39_900, 3, "peach",
        Words("Domek „Pod Lipą”", "Linden doll’s house"),
        Words("Cztery pokoje, strych i kot na dachu", "Four rooms, an attic, a cat on the roof"),
        Words(
            "Ściany otwierają się jak książka, okiennice naprawdę się zamykają. "
            "Meble w zestawie, lokatorzy wprowadzają się od razu.",
            "Its walls open like a book and the shutters really close. "
            "Furniture is included; tenants move in at once.",
        ),
    ),
    Toy(
        "rocking-horse", 17_900, 29_900, 2, "mint",
        Words("Konik Kasztan", "Chestnut the rocking horse"),
        Words("Na biegunach, z wełnianą grzywą", "On rockers, with a woollen mane"),
        Words(
            "Jesionowe bieguny nie rysują podłogi, a siodło ma oparcie dla najmłodszych jeźdźców. "
            "Owies niewymagany.",
            "Ash rockers that spare the floor, and a saddle with a back for the youngest riders. "
            "No oats needed.",
        ),
    ),
    Toy(
        "xylophone", 5_300, 8_900, 1, "lilac",
        Words("Cymbałki „Tęcza”", "Rainbow xylophone"),
        Words("Osiem czystych tonów od C do C", "Eight true notes from C to C"),
        Words(
            "Strojone ręcznie, więc nawet dorośli dają radę posłuchać. "
            "W pudełku nuty dwunastu piosenek w kolorach sztabek.",
            "Tuned by hand, so that even grown-ups enjoy it. "
            "The box holds twelve songs, written in the colours of the bars.",
        ),
    ),
    Toy(
        "spinning-top", 2_900, 4_900, 3, "butter",
        Words("Bąk „Wirek”", "Whirl the spinning top"),
        Words("Kręci się prawie trzy minuty", "Spins for nearly three minutes"),
        Words(
            "Wystarczą dwa pchnięcia, a kolory zlewają się w tęczę i słychać ciche buczenie. "
            "Rekord pracowni: 2 minuty 51 sekund.",
            "Two pushes, and the colours melt into a rainbow with a quiet hum. "
            "The workshop’s record is 2 minutes 51 seconds.",
        ),
    ),
    Toy(
        "stacking-rings", 4_100, 6_900, 0, "mint",
        Words("Piramidka „Sówka”", "Owlet stacking rings"),
        Words("Pięć krążków i sowa na czubku", "Five rings and an owl on top"),
        Words(
            "Krążki toczą się, grzechoczą i pasują do małych dłoni. "
            "Sówka pilnuje porządku, ale nie skarży.",
            "The rings roll, rattle and fit small hands. "
            "The owl keeps order and tells no tales.",
        ),
    ),
)  # fmt: skip

BY_SLUG = {toy.slug: toy for toy in TOYS}

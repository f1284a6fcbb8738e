"""What the made-up people of `flask demo` are called and what they talk about."""

from typing import NamedTuple


class Topic(NamedTuple):
    """What somebody writes about: reports are a thing and what is told of it.

    An answer stands in the same place as its question.
    """

    tag: str
    things: list[str]
    told: list[str]
    questions: list[str]
    answers: list[str]


def _topic(tag: str, things: str, told: str, questions: str, answers: str) -> Topic:
    return Topic(tag, *(text.split("|") for text in (things, told, questions, answers)))


TOPICS = [
    _topic(
        "tea",
        "The green tea from the market|My first pot of oolong|The tea that Aunt Vera sent|"
        "This smoky tea|The cheap black tea from the corner shop|Mint from the balcony",
        "tastes better from the brown pot|wants three minutes and not a second more|"
        "has kept me awake until two|smells of wet grass and hay|"
        "is gone, and it is only Tuesday|made the whole office come and ask",
        "How hot do you take the water for green tea?|Is a second infusion worth it?|"
        "What do you drink when it rains like this?",
        "seventy degrees, and be patient.|always, the second is the best one.|"
        "ginger, and a blanket with it.",
    ),
    _topic(
        "bread",
        "The rye loaf|My sourdough|A tin of rolls for the neighbours|The focaccia|"
        "The loaf with walnuts|The bread with caraway",
        "rose higher than the tin|came out flat and was eaten all the same|"
        "has a crust that one can hear|needed another night in the cold|"
        "stuck to the cloth again|was gone before it had cooled",
        "Why is my crumb so dense in winter?|Who keeps a starter, and what is it called?|"
        "Steam in the oven, or a lid?",
        "give it an hour more, the kitchen is cold.|"
        "ours is called Edith, and she is moody.|a lid, every time.",
    ),
    _topic(
        "trains",
        "The night train to Turin|The railcar of the branch line|The 7:14|"
        "The sleeper to the sea|The slow train over the pass|The ferry train",
        "left on the minute, and nobody believed it|"
        "stopped in a field for an hour, with larks|still has windows that open|"
        "will rest for the winter|had coffee, real coffee|arrived as the sun came up",
        "Which night trains still take bicycles?|"
        "Where is the best view from a train window?|Does a reservation pay on a weekday?",
        "two of them do, ask at the counter.|sit on the left, for the lake.|"
        "never, only on a Friday.",
    ),
    _topic(
        "garden",
        "The tomato by the wall|My row of beans|The old pear tree|The rose at the gate|"
        "The rosemary that I had given up|The vine over the shed",
        "has outgrown its stick|came back after the frost|is full of bees this morning|"
        "got more sun than it asked for|was found by the slugs in the night|"
        "gives more than I can carry",
        "What do you plant where nothing but shade is?|When do you cut back lavender?|"
        "Has anybody tried garlic against slugs?",
        "ferns, and you will be glad.|after it has flowered, not before.|ours laughed at it.",
    ),
    _topic(
        "books",
        "The novel about the lighthouse|A book of letters from 1911|"
        "This thin book of poems|The second part of the trilogy|"
        "The crime story from the flea market|The memoir of a cook",
        "kept me up until the last page|has somebody's pressed fern on page 90|"
        "begins slowly and then runs|is better than its cover|"
        "goes back to the library, with regret|made me laugh on the tram",
        "What should I read after a book that was too good?|"
        "Do you finish books that you dislike?|Which translation would you take?",
        "something short, to breathe.|life is short, I put them away.|the old one, it sings.",
    ),
    _topic(
        "maps",
        "The survey map of 1904|A hand-drawn plan of our quarter|"
        "My map of drinking fountains|The sheet that was missing|"
        "A street plan from the attic|The map in the old station",
        "shows a pond where the school is now|was wrong by one street, and nobody minded|"
        "names a hill that I had never noticed|explains why the tram makes that bend|"
        "took a month of evenings|has coffee on the estuary",
        "Who knows a good printer for large maps?|"
        "How do you fold a map so that it stays whole?|"
        "What would you put on a map of our town?",
        "ask at the archive, they are kind.|as it came, and with some swearing.|"
        "the benches, with their views.",
    ),
    _topic(
        "python",
        "The script that sorts my photographs|The test that failed only on Mondays|"
        "My smallest Flask application|The loop that nobody understood|"
        "The report for the choir|The tool for my neighbour's shop",
        "is half as long since yesterday|lacked one comma, of course|"
        "runs on a machine from 2012|taught me to read the manual to the end|"
        "has tests now, and I sleep better|works, and I know why",
        "How do you name things that have no name?|"
        "SQLite or something larger for forty people?|"
        "What is the first thing that you test?",
        "with the word that you say when you explain it.|SQLite, until it hurts.|"
        "whatever would wake you at night.",
    ),
    _topic(
        "cycling",
        "The hill behind the mill|The path along the canal|The ride to work|"
        "The long way home|The tour with the tandem|The road by the lake",
        "was easier than last spring|went by in fog, with two herons|"
        "cost me a tube and an hour|is the best part of the day|ended at the bakery|"
        "had more wind than the forecast",
        "How often do you oil a chain in winter?|"
        "Which lamp is bright enough for a dark path?|"
        "Does anybody ride to the sea on Sunday?",
        "after each rain, it takes a minute.|whatever has a dynamo.|I do, from the bridge at nine.",
    ),
    _topic(
        "birds",
        "The kingfisher at the weir|The swift under our roof|Our blackbird|"
        "The owl in the churchyard|A heron|The wren in the hedge",
        "came back three days early|sits in the same place each dawn|"
        "stayed long enough to be drawn|passed over the house all evening|"
        "has four young and no time|let me come near for once",
        "What sings at four in the morning?|Are there still lapwings in your fields?|"
        "Which binoculars would you buy again?",
        "a robin, most likely, by the lamp.|two pairs, and we watch over them.|"
        "the light ones, always.",
    ),
    _topic(
        "music",
        "The second movement|The song of the evening|An old song of my mother's|"
        "The waltz in G|The last piece of the concert|A tune from the radio",
        "sounds best in the stairwell|was over too soon|went round my head all day|"
        "needs more breath than I have|made the dog sing along|"
        "is in tune, for the first time this year",
        "How do you practise when the neighbours sleep?|"
        "Who still goes to concerts on weekdays?|Which record would you save from the rain?",
        "slowly, and with a cloth on the strings.|every Wednesday, come along.|"
        "the one with the scratch.",
    ),
    _topic(
        "photography",
        "A picture of fog|The portrait of my neighbour|A print from the attic|"
        "The last frame of the film|A double exposure|The picture of the harbour",
        "was worth the wait|came out blue, and I like it|hangs in the hall from today|"
        "looks better small|is sharper than my eyes|took three evenings in the darkroom",
        "Where do you have films developed these days?|"
        "Colour or black and white for a winter?|"
        "Do you ask before you take somebody's picture?",
        "in my own bathroom, to be honest.|black and white, for the trees.|"
        "always, and I send them one.",
    ),
    _topic(
        "cooking",
        "The soup of my grandmother|A pot of lentils|The stew of Saturday|"
        "A bowl of dumplings for nine|The sauce that nobody could name|"
        "The rice with almonds",
        "needed nothing but salt|was even better on the second day|"
        "filled the house with cumin|vanished in ten minutes|taught the children to wait|"
        "burnt a little, and that was the best of it",
        "What do you cook when the fridge is empty?|How long do pickles really keep?|"
        "Does anybody have a use for ten lemons?",
        "eggs, onions and hope.|longer than they last here.|salt them, and wait for a month.",
    ),
]

# Each speaks of the topic in the same place of TOPICS, the thirteenth again of the first.
VOICES = [
    ("agnes", "Retired from the post office. Tea at four, whatever happens."),
    ("bruno", "Baker by night, asleep by noon. Lyon."),
    ("chen", "I collect railway timetables and use them."),
    ("dora_field", "A garden of forty steps, and a cat who counts them."),
    ("elif", "Librarian. I read the last page last."),
    ("farid", "Draws maps of places that are still there."),
    ("gita", "Writes small programs for small problems. Pune."),
    ("hugo", "Two wheels, one hill, every day."),
    ("ines", "Counts birds for a living and for joy."),
    ("jonas", "Second clarinet. I do hear you from back here."),
    ("kofi", "Film, paper, patience. Accra."),
    ("lea.moon", "Cooks for nine on Sundays. There is always a chair."),
    ("malik", "Coffee until ten, then tea."),
    ("noor", "Learning to bake from people who shrug when asked how much."),
    ("oscar", "Signalman. I have seen your train go by."),
    ("priya", "Balcony, third floor, eleven tomatoes."),
    ("quentin", "Second-hand books, first-hand opinions."),
    ("rosa", "Geography teacher. Lost since 1998, on purpose."),
    ("sami", "Keeps old computers company. Oulu."),
    ("tomas", "Repairs bicycles behind the market hall."),
    ("uma", "Up before the birds, to be there when they begin."),
    ("vera", "Sings alto, hums the rest."),
    ("wanda", "A darkroom in the cellar, daylight everywhere else."),
    ("yuki", "My grandmother's recipes, written down at last."),
]
OPENINGS = (
    "||Good morning! |News from here: |At last: |Small joys: |Note to myself: |Believe it or not: "
).split("|")
ENDINGS = (
    "||| More tomorrow.| I may tell you more.| That was my day.| Who would have thought."
).split("|")
ASKING = "||A question: |Who knows this? |Asking for a friend: |Seriously: ".split("|")
ANSWERING = "||oh, |I would say: |honestly: |if you ask me, ".split("|")
THANKS = (
    "thank you, I had not thought of that.|good to know, and quickly answered.|then we are two.|"
    "I knew that I would find you here.|you have saved my week.|noted, with thanks."
).split("|")
# What somebody says to a report, and what its author says to that.
REACTIONS = [
    ("I want to hear more about it.", "come by on Sunday, and you will."),
    ("that made my morning.", "then it was good for something."),
    ("it was the same here last year.", "and how did it end?"),
    ("lucky you!", "I know, and I hardly believe it."),
    ("please show a picture.", "as soon as the light is better."),
    ("I had to read that aloud here.", "now I am blushing."),
    ("you never told us that before.", "nobody asked, and now you know."),
    ("I thought of you only yesterday.", "and I of you, I owe you a letter."),
    ("tell it again when we meet.", "with all that I left out."),
    ("there is a story behind that.", "there is, and it is a long one."),
]

package semcache

// closed are the words of English that do more than they mean.
var closed = map[kind]string{
	function: `a an the this that these those there here it its it's itself i me my mine myself you your yours yourself we us our ours
		he him his she her hers they them their theirs one ones someone somebody
		am is are was were be been being do does did done doing have has had having will would shall should can could may might must
		of to from in on at by for with about as into onto out off over under up down through between among within during
		before after since until till than per via and or but if then so because while though although unless whether
		who whom whose what when where why which how not no never nor neither without cannot
		some any every each all both such ever yet still already also too very quite just only even
		more most less least fewer get got gets getting go goes going gone let lets make s re ve ll d m t`,
	filler: `really actually truly indeed somehow basically literally simply just please kindly currently presently exactly ever
		hi hello hey thanks thank well oh um anyway though`,
	negator:     `not no never neither nor without cannot none nobody nothing nowhere hardly scarcely unable`,
	question:    `who whom whose what when where why which how`,
	preposition: `of to from in on at by for with about into onto over under through between within during before after since until than via against without as`,
	direction:   `to from by into onto over under than before after via against for`,
	modal:       `should must ought may might can could would shall`,
	past:        `did was were had`,
	present:     `do does is are am has have`,
	future:      `will shall`,
	perfect:     `has have had`,
	be:          `am is are was were be been being`,
	male:        `he him his himself`,
	female:      `she her hers herself`,
	conjunction: `and or`,
	more:        `more most`,
	less:        `less least fewer`,
	article:     `a an the`,
	iam:         `i me my mine myself we us our ours im`,
	opinion:     `think according believe`,
	number:      ``,
	symmetric: `marry close connect link tie engag similar relat equal friend acquaintance marri adjacent near next dating dates divorc
		relative sibling cousin neighbor roommate twin different differ compare versus vs compar synonym identical parallel equivalent
		tied linked connected engaged married related equal allied attach`,
}

// forms are irregular inflections; "!" marks past participles.
const forms = `be: been!
have: had! having has
do: done! did does doing
go: went gone! goes going
become: became become! becoming
begin: began begun! beginning
bite: bit bitten!
blow: blew blown!
break: broke broken!
bring: brought!
build: built!
buy: bought!
catch: caught!
choose: chose chosen!
come: came
cost: cost!
cut: cut!
deal: dealt!
draw: drew drawn!
drink: drank drunk!
drive: drove driven!
eat: ate eaten!
fall: fell fallen!
feed: fed!
feel: felt!
fight: fought!
find: found!
fly: flew flown!
forget: forgot forgotten!
forgive: forgave forgiven!
freeze: froze frozen!
get: got! gotten!
give: gave given!
grow: grew grown!
hear: heard!
hide: hid hidden!
hit: hit!
hold: held!
hurt: hurt!
keep: kept!
know: knew known!
lead: led!
leave: left!
lend: lent!
lose: lost!
make: made!
mean: meant!
meet: met!
pay: paid!
put: put!
read: read!
ride: rode ridden!
run: ran run!
say: said!
see: saw seen!
sell: sold!
send: sent!
set: set!
shake: shook shaken!
shoot: shot!
show: shown! showed!
shut: shut!
sing: sang sung!
sleep: slept
speak: spoke spoken!
spend: spent!
split: split!
steal: stole stolen!
swear: swore sworn!
swim: swam
take: took taken!
teach: taught!
tell: told!
think: thought!
throw: threw thrown!
understand: understood!
wake: woke woken!
wear: wore worn!
win: won!
write: wrote written!
use: used! uses using
own: owned! owns
ask: asked!
add: added!
eye: eyes
end: ended!
age: aged
use: used!
overcome: overcame overcome!
withdraw: withdrew withdrawn!
man: men
woman: women
child: children
person: people persons
foot: feet
tooth: teeth
mouse: mice
goose: geese
datum: data
index: indices indexes
life: lives
wife: wives
knife: knives
leaf: leaves
analysis: analyses
criterion: criteria
fix: fixes fixed! fixing
`

// synonyms are words that may stand for each other in nearly every question,
// the first one's stem for all.
const synonyms = `happy joyful glad cheerful
angry furious mad irate
sad sorrowful
smart intelligent clever
stupid dumb
religious spiritual devout
secular nonreligious irreligious
humble modest
brave courageous bold valiant
cowardly timid
scared afraid fearful frightened
polite courteous civil
rude impolite discourteous
rich wealthy affluent
poor impoverished
liberal progressive
fast quick rapid speedy
big large huge
small little tiny
begin start commence
end finish conclude terminate
stop halt cease
buy purchase
help assist aid
show display
fix repair mend
error fault bug
choose select pick
get obtain acquire receive
use utilize employ
need require
want wish
make create produce
change alter modify
delete remove erase
quit leave
learn study
earn gain
car automobile
photo picture image photograph
phone telephone cellphone smartphone
movie film
doctor physician
lawyer attorney
adviser advisor
job occupation profession
kid child
mobile cell
website site webpage
method way approach procedure
reason cause
answer reply response
cheap inexpensive
costly expensive pricey
important significant crucial
difficult hard tough challenging
easy simple effortless
wrong incorrect
correct right accurate
strange weird odd
nice pleasant
beautiful pretty gorgeous
vacation holiday
couch sofa
usa america us u.s u.s.a
uk britain
organized orderly
lonely alone
sure certain
common usual
whole entire
famous renowned
clothing clothes
trip journey
speak talk
happen occur
improve better
increase raise grow
decrease reduce lower
fat overweight
thin slim skinny
tired exhausted
calm peaceful
strong powerful
jealous envious
lazy idle
honest truthful
generous giving
hardworking industrious diligent
shy bashful
careful cautious wary
patient forbearing
grateful thankful appreciative
outspoken vocal
ambitious aspiring
loyal faithful devoted
stubborn obstinate
hateful spiteful
talkative chatty
funny humorous
rational reasonable logical
anxious nervous worried
cruel brutal
wise sage
neat tidy
sincere genuine authentic
handsome good-looking
dirty filthy
merchandise goods
mandatory compulsory obligatory
allow permit
attempt try
answer reply
reply respond
quickly rapidly fast
suddenly abruptly
frequently often
nearly almost approximately roughly
curious inquisitive
visible noticeable
ill sick
amazing awesome wonderful
pm p.m

`

// opposites exclude each other, and "not" does not make one the other: a port
// that is not opened need not be closed.
const opposites = `before prior / after following afterwards
allow permit enable grant approve activate accept let unblock / block deny disable revoke reject deactivate prevent forbid restrict decline bypass refuse stop prohibit
open unlock / close shut lock
add insert append / remove delete subtract erase
create make build / destroy delete
start begin launch boot / stop end finish shutdown quit
install / uninstall
import download / export upload
upload push / download pull
encode encrypt compress serialize zip / decode decrypt decompress deserialize unzip
increase raise boost gain maximize expand grow / decrease reduce lower lose minimize shrink drop
buy purchase / sell
lend / borrow
send give transmit / receive take
deposit / withdraw withdrawal
credit / debit
win / lose
pass / fail
arrive come enter / leave depart exit go
login signin / logout signout
connect attach join / disconnect detach leave
mount / unmount
merge combine join / split separate
show reveal display / hide conceal
include / exclude
push / pull
import / export
first / last
minimum min least lowest smallest shortest / maximum max most highest largest longest
over above exceeding / under below
inside indoor / outside outdoor
up upward / down downward
left / right
north / south
east / west
morning / evening
day / night
today / yesterday tomorrow
parent mother father / child son daughter
mother / father
brother / sister
man boy male husband / woman girl female wife
input / output
encourage promote / discourage
love like enjoy / hate dislike
remember / forget
cause / cure treat
prevent avoid / cause
hire employ / fire
upgrade update / downgrade
ascending / descending
front / back
early / late
past previous / next future
public / private
local / remote
synchronous sync / asynchronous async
client / server
lock / unlock
hypothyroidism hypotension hypoglycemia / hyperthyroidism hypertension hyperglycemia
inflation / deflation
import / export
acquire obtain / lose
agree / disagree
attack / defend
advantage pro benefit / disadvantage con drawback
profit / loss
income revenue / expense
asset / liability
employer / employee
teacher / student
landlord / tenant
lender / borrower
buyer / seller
plaintiff / defendant
incoming inbound / outgoing outbound
criminal / civil
`

// grades are opposites where "not" and "less" do turn one into the other.
const grades = `brave bold courageous / cautious fearful cowardly timid
polite courteous / rude impolite
optimistic / pessimistic
positive / negative
visible / invisible
dependent / independent
responsible / irresponsible
religious / secular
progressive liberal / conservative
smart intelligent clever / stupid dumb
happy joyful / sad unhappy depressed
rich wealthy / poor
good great best / bad worst harmful evil
better / worse
safe / dangerous unsafe contraindicated risky
easy simple / difficult hard complicated
fast quick / slow
cheap / expensive costly
big large tall / small little short
high / low
long / short
strong / weak
hot warm / cold cool
new modern / old ancient
young / old
light bright / dark heavy
thick fat overweight / thin slim skinny
hard / soft
loud noisy / quiet silent
clean / dirty
full / empty
wet / dry
true / false
legal / illegal
possible / impossible
moral / immoral
honest / dishonest
patient / impatient
active / passive inactive
specific / general vague
organized / disorganized messy
mature / immature
humble modest / arrogant proud
generous / selfish stingy greedy
lazy / hardworking industrious diligent
introverted shy / extroverted outgoing
calm / anxious nervous
interesting / boring
healthy / sick ill unhealthy
alive / dead
present / absent
rare / common frequent
ugly / beautiful attractive
educated / ignorant uneducated
friendly / hostile unfriendly
free / busy
useful / useless
careful / careless reckless
normal / abnormal strange weird
popular / unpopular
lucky / unlucky
certain sure / uncertain unsure
similar / different
simple / complex
able / unable
`

// phrases are set expressions by their words, before and after.
const phrases = `in fact =
as a matter of fact =
of course =
by the way =
for sure =
can you tell me =
could you tell me =
can you please tell me =
could you please tell me =
can you explain =
could you explain =
please tell me =
tell me =
please explain =
do you know =
i want to know =
i would like to know =
i'd like to know =
i was wondering =
i am wondering =
i wonder =
i need to know =
is there a way to = how to
is there any way to = how to
are there any ways to = how to
what is the way to = how to
what is the best way to = how to
what is a good way to = how to
what is the easiest way to = how to
what are the best ways to = how to
what are some good ways to = how to
what are some ways to = how to
what is the best way of = how to
what is the procedure for = how to
what is the procedure to = how to
what is the process for = how to
what are the steps to = how to
what do i need to do to = how to
what do i have to do to = how to
what should i do to = how to
what should one do to = how to
what can i do to = how to
what can you do to = how to
what must i do to = how to
what should i do = how to
what should one do = how to
what do i do = how to
what should you do = how to
what can i do = how to
what can you do = how to
what must i do = how to
what do you do = how to
what do i have to do = how to
what do i need to do = how to
if i want to =
if you want to =
if one wants to =
if someone wants to =
in order to = to
how do i go about = how to
how can i = how to
how do i = how to
how could i = how to
how should i = how to
how would i = how to
how does one = how to
how do you = how to
how can you = how to
how can we = how to
how do we = how to
how can one = how to
how might i = how to
can i learn how to = how to
how come = why
what is the reason for = why
what is the reason that = why
what are the reasons for = why
for what reason = why
what makes = why
at what time = when
what time = when
at which time = when
on what date = when
in what year = when
in which year = when
in which place = where
at which place = where
in what place = where
what place = where
what is the price of = how much cost
what is the cost of = how much cost
what does it cost to = how much cost
used to be = formerly
use to be = formerly
used to have = formerly have
log in = login
log into = login to
log out = logout
sign in = login
sign on = login
sign out = logout
sign up = register
top up = topup
set up = setup
shut down = shutdown
turn on = enable
switch on = enable
turn off = disable
switch off = disable
get rid of = remove
look for = search
find out = know
united states of america = usa
united states = usa
united kingdom = uk
each other = eachother
`

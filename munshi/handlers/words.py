"""Words of a question that name no goods."""

from __future__ import annotations

FILLER = frozenset(
    """
    a about actual actually add afternoon again all also am an and any anybody anyone anything are around as ask at
    available availability away back be bhai bhaiya bhaiyya before best bill both brand branded brother but buy by
    can cash charge charges cheap cheapest check come company confirm cost could currently
    days dear delivery did discount do does dono done each either else enough ever every exact exactly
    few find fine genuine fit fits fitting fitment for from fully get getting give given go going good got
    had has have having he hello help her here hey hi him his how hurry
    i if immediately in include included including inr interested into is it item items its
    just kind kindly know last latest least less let like list lot lowest
    made madam make many may maam me mention message more morning most mrp much my
    namaste near need needed needs never new next no not now number
    of off offer ok okay old original on one online only or order other our out over
    part parts pay per piece pieces please pls plz possible present price prices pricing product products provide
    purchase quality quantity question quick quickly quote rate rates ready really regarding reply right rs rupee rupees
    said same say see seen sell selling send shall she shop should show sir so some someone something soon spare
    spares stock stocks still such sure
    take talk tell than thank thanks that the their them then there these they thing things this those till time to
    today type tomorrow too total try under until up urgent urgently us use used using
    very want wanted wants was we week well were what when where whether which while who whole whom whose why will wish
    with within without would yes yet you your yours
    aap aapka aapke aapko aaj abhi accha acha agar aur bata batao bataiye batana bhi bhej bola bolo chahiye chaiye
    daam dam de dedo dena dijiye dikhao do ek fir ha haan hai hain hi ho hoga hona hota hu hua hun is isi iska iske
    iski isko itna ji jaldi ka kab kahan kaise kar karna karo ke keemat kerna ki kimat kis kitna kitne kitni ko koi
    kuch kya lagega lagta lag le lena liye loge main mein mera mere meri mil milega milegi milta mujhe na nahi nahin
    nai paas par pata phir plzz pooch puchna rahe raha rahi rupaye rupaya sab sahi sakta sakte sakti se si sirf
    stockme suno thik to toh um us uska uske uski usko wala wale wali wo woh ya yaar yah ye yeh
    और का की के को क्या कितना कितनी कितने कीमत कब कहाँ चाहिए दाम दो दे देना है हैं हो होगा में मुझे मेरा मेरी मेरे मिल मिलेगा
    मिलेगी यह ये वह वाला वाली वाले लिए से पर भी बता बताओ बताइए बताना रेट स्टॉक उपलब्ध कृपया जी नमस्ते इसका इसकी उसका
    """.split()
)
"""Lower-case words in English, Hinglish and Hindi that a question about goods is made of, besides the goods."""

PLAIN = frozenset(
    """
    aluminium automatic automotive big black blue bright china chinese chrome complete double duplicate
    durable electric expensive external extra fancy fast first fixed four front full golden great green grey half
    hard heavy hot imported indian inner internal japanese large left light local long loud lower manual matte metal mid
    normal outer outside plain plastic powerful premium proper pure quiet rear red regular round second
    set shiny short side silver similar simple single small soft solid special standard steel strong
    third top triple twin two universal upper white wide wooden yellow
    auto bike bikes car cars motorcycle rickshaw scooter scooty suv tempo truck vehicle vehicles wheeler
    bottle box centimetre cm feet foot gallon gram grams inch inches kg kgs kilo kilos kit litre litres liter liters
    ltr ltrs metre metres meter meters ml mm packet packets pair pairs pcs pack set sets watt watts
    """.split()
)
"""English words that make no other thing of the goods beside them: how they are, what they are for, by what measure."""

"""How people write in chats: what they shorten, what they say around what they mean, what turns a meaning round."""

from collections.abc import Mapping

# What stands for a word, by the word that it stands for.
SHORTENED: Mapping[str, str] = {
    "không": "k ko kh khg hk hok hông hong hổng hỏng hem khum kô k0 0 kog khog hôk khôg",
    "được": "dc đc đk dk",
    "rồi": "r rùi rui òi",
    "với": "vs",
    "gì": "j ji",
    "người": "ng",
    "cũng": "cx cug",
    "tôi": "t tui tôy mình mik",
    "biết": "bit bít bik",
    "vậy": "z v zậy zay dậy",
    "nhé": "nhá nhe nhen",
    "một": "1",
    "hai": "2",
    "ba": "3",
    "bốn": "4",
}

# Said before what is meant; one or more words each.
LEAD_INS = """
dạ; dạ thưa; thưa; kính thưa; thưa anh; thưa chị; thưa ban; xin; xin phép; xin được; xin cho; cho; cho xin; làm ơn;
nhờ; nhờ bạn; bạn ơi; em ơi; cháu ơi; anh ơi; chị ơi; bác ơi; ad ơi; bot ơi; ơi; alo; xin chào; chào; à; ờ; ừm; ơ; uh;
cho tôi; cho em; cho cháu; cho bác; cho cô; cho mình; cho con; giúp tôi; giúp em; giúp bác; hãy; hãy cho;
tôi; em; cháu; bác; cô; ông; bà; con; mình; tao; tau; anh; chị; tôi muốn; muốn; tôi xin; tôi là; để tôi; thôi thì;
tôi chọn; chọn; bấm; bấm vào; bấm nút; nhấn; nhấn nút; nút; là;
please; i want to; i want; i would like to; want to; i choose; i; hello; hi
"""

# Said after it, out of politeness or habit.
PARTICLES = """
ạ; a; ah; ạh; á; nhé; nha; nghe; nghen; hen; hén; với; đi; rồi; luôn; liền; chứ; cơ; ấy; ha; hì; hihi; haha; kk; tí;
chút; đó; đấy; nè; này; mà; thế; vậy; giùm; dùm; hộ; giúp; giúp với; giúp tôi; hộ tôi; giùm tôi; giùm em; cho tôi;
cho em; cho bác; cho cháu; cho cô; cho chú; cho mình; cho con; bạn; em; cháu; con; tôi; bạn ơi; em ơi; cháu ơi; con ơi;
anh ơi; chị ơi; ad; bot; em nhé; bạn nhé; cháu nhé; con nhé; em ạ; cháu ạ; bạn ạ; anh ạ; chị ạ; thưa bạn; nữa nhé;
cảm ơn; cám ơn; xin cảm ơn; cảm ơn nhiều; please; pls; thanks; thank you
"""

# What turns a meaning round.
NEGATIONS = """
không chưa chẳng chả đừng thôi khỏi chớ đéo đếch éo hủy huỷ ngừng dừng
no not dont never nope cant cannot wont isnt doesnt didnt havent neither without
"""
# These do so at the beginning: `đâu có hằng ngày`, `hết đi học rồi`, `bỏ nộp phiếu`.
LEADING_NEGATIONS = "đâu hết bỏ ngưng thiếu"
# Said before something, it may drop that as well as turn to it: such words mean a choice only as they are listed.
NEVER_MIND = "thôi"
# Said after a negation, it makes it stronger; without one, it is one.
EMPHASIS = "đâu"
# Typed without marks, these may be a negation (`dung` may also be đúng or dùng): they count as one.
UNMARKED_NEGATIONS = "khong chua chang dung đung thoi khoi deo dech huy ngung"
# What is one slip from these may be a no: `hua co ke hoach`.
OFTEN_MISSPELT_NEGATIONS = "khong chua"
# Typed without marks, these may be a yes as well as a no: not enough where much hangs on it.
TWO_SIDED = "dung đung"

# A yes before what is meant: `vâng, xóa hết`.
AFFIRMATIONS = "vâng; dạ vâng; ừ; ok; oke; có; đúng; đúng rồi; được; yes; yeah; yep; sure"
# Ending in one of these, a text asks and says nothing.
QUESTION_WORDS = "sao gì nào ai đâu hả ư nhỉ"

# Said before a number or a letter: `số 2`, `câu 2`, `đáp án b`.
ORDINALS = (
    "số câu ý chọn đáp án phương mục lựa nút bấm nhấn thứ cái mức dòng ô nhóm number option answer choice là choose"
)
# Numbers in words, from one. Those of ranks are numbers only after “thứ”: `hay cai nhat` is no “cái nhất”.
RANK = "thứ"
RANKED = "nhất nhì"
NUMBERS = (
    "một one first mốt nhất", "hai two second nhì", "ba three third", "bốn four fourth tư", "năm five fifth",
    "sáu six sixth", "bảy seven seventh bẩy", "tám eight eighth", "chín nine ninth", "mười ten tenth",
)  # fmt: skip

# What people say to move about in a form, by move: no answer may be called so.
MOVES: Mapping[str, str] = {
    "back": """
        back; go back; quay lại; trở lại; lùi; lùi lại; về trước; câu trước; quay về; trở về; quay lại câu trước; về
        câu trước; trước; lại câu trước; quay lại trước; trở lại câu trước; quay ra; previous
    """,
    "explain": """
        what; what does this mean; what is this; explain; giải thích; là sao; nghĩa là gì; không hiểu; chưa hiểu; là
        gì; nghĩa là sao; không rõ; chưa rõ; câu này là sao; câu này nghĩa là gì; không hiểu câu này; chưa hiểu câu
        này; câu này hỏi gì; hỏi gì; ý là sao; ý là gì; giải thích thêm; giải thích giúp; giải thích câu này; thế
        nào; sao; là thế nào; i do not understand; i dont understand; nói rõ hơn; không hiểu câu hỏi; chẳng hiểu gì;
        không hiểu gì; chẳng hiểu; câu hỏi là gì; không hiểu lắm
    """,
    "pause": """
        pause; later; tạm dừng; để sau; nghỉ; nghỉ thôi; dừng lại; tạm nghỉ; mai làm; mai làm tiếp; lúc khác; để lúc
        khác; để mai; hôm khác; hôm khác làm; bận; đang bận; bận rồi; thôi để sau; thôi để sau làm; thôi mai làm;
        thôi mai làm tiếp; để sau làm; sau làm tiếp; lát làm; lát nữa; tí nữa làm; chút nữa; để tối làm; tối làm;
        chiều làm; tạm ngừng; tạm nghỉ đã; nghỉ đã; nghỉ tí; nghỉ một lát; stop here; not now; thôi; để hôm khác;
        mai; làm sau; để mai làm
    """,
    "skip": """
        skip; next; bỏ qua; không có; qua; cho qua; bỏ; câu sau; câu tiếp; sang câu sau; sang câu khác; bỏ câu này;
        tiếp; tiếp tục; tiếp theo; qua câu khác
    """,
}

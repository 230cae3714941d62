"""Words instead of commands, for those who know none: heard wherever they are all that was typed.

Nobody is called so, and it is no evidence and no reason.
"""

from flows.conversation.questions import Choice, words
from flows.words.wording import _

START = Choice(
    "start",
    _("start"),
    words("""
        bắt đầu; xin chào; chào; chào bạn; chào em; chào cháu; chào ad; chào bot; alo; a lô; hello; hi; làm
        phiếu; làm tiếp; tiếp; tiếp tục; menu; đăng ký; đăng kí; vào làm; làm đi; bắt đầu làm; bắt đầu lại;
        tự đánh giá; đánh giá; khai phiếu; khai báo; begin; go on; continue; register; trang chủ; về đầu; làm
        phiếu tự đánh giá; good morning; chào buổi sáng; kính chào; xin kính chào
    """),
)
HELP = Choice(
    "help",
    _("help"),
    words("""
        trợ giúp; giúp; giúp với; giúp tôi; giúp đỡ; hướng dẫn; hướng dẫn sử dụng; cách làm; làm thế nào; làm
        sao; làm như thế nào; không biết làm; không biết làm thế nào; chưa biết làm; hỏi; hỏi chút; hd; cứu; khó
        quá; không làm được; chỉ tôi với; cần giúp; cần trợ giúp; cần hướng dẫn; làm gì đây; làm gì bây giờ;
        phải làm gì; phải làm sao; làm răng; làm răng đây; hướng dẫn cách làm; chỉ cách làm; sử dụng thế nào;
        help me; how; how does it work; what can you do; what should i do; đây là gì; cái gì đây
    """),
)
STATUS = Choice(
    "status",
    _("my form"),
    words("""
        phiếu của tôi; phiếu; xem phiếu; tình trạng; tình trạng phiếu; bao nhiêu điểm; được bao nhiêu điểm; mấy
        điểm; được mấy điểm; điểm; điểm của tôi; xem điểm; kết quả; xem kết quả; kết quả thế nào; kết quả sao;
        có kết quả chưa; hết chưa; xong chưa; còn mấy câu; còn bao nhiêu câu; còn mấy câu nữa; nộp chưa; đã nộp
        chưa; nộp được chưa; duyệt chưa; được duyệt chưa; đã duyệt chưa; xác nhận chưa; bao giờ có kết quả; khi
        nào có kết quả; đạt chưa; đạt không; có đạt không; đã đạt chưa; đến đâu rồi; tới đâu rồi; status; my
        points; points; result; my result; how many points; phiếu thế nào; phiếu sao rồi; phiếu đến đâu rồi;
        được công nhận chưa; bao nhiêu điểm rồi; mấy điểm rồi; số điểm
    """),
)
# Final: `dung` without its marks may also be đúng.
CANCEL = Choice(
    "cancel",
    _("stop"),
    words("""
        dừng; dừng lại; thôi; hủy; hủy bỏ; thoát; thoát ra; nghỉ thôi; ngừng; ngừng lại; kết thúc; không làm
        nữa; thôi không làm nữa; thôi để sau; bỏ; bỏ đi; quit; exit; cancel; thôi nghỉ; thôi không làm; không
        muốn làm nữa; thôi nhé
    """),
    final=True,
)
THANKS = Choice(
    "thanks",
    _("thank you"),
    words("""
        cảm ơn; cám ơn; xin cảm ơn; cảm ơn nhiều; cảm ơn bạn; cảm ơn em; cảm ơn cháu; cảm ơn nhiều lắm; cảm ơn ad;
        cảm ơn chi hội; cảm ơn bot; cảm ơn các bạn; cảm ơn mọi người; biết ơn; thanks; thank; many thanks; thank you
        very much; tks; thks; thank u; tốt quá; hay quá; tuyệt vời; mừng quá; chân thành cảm ơn; xin chân thành cảm
        ơn; cảm ơn rất nhiều; rất cảm ơn
    """),
)
GOODBYE = Choice(
    "goodbye",
    _("goodbye"),
    words("""
        tạm biệt; bye; bye bye; bái bai; bai; chào tạm biệt; hẹn gặp lại; chúc ngủ ngon; ngủ ngon; good night; see
        you; hẹn mai; mai gặp lại
    """),
)
# What changes nothing, and need not be answered while somebody goes on writing.
ONLY_SAID = frozenset({"start", "help", "status", THANKS.key, GOODBYE.key})
# At home nothing was asked: a nod is a kind of thanks.
NOD = Choice("thanks", _("all right"), words("ok; oke; okay; vâng; dạ; ừ; dạ vâng; biết rồi; được rồi; vậy"))

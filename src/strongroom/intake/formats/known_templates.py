"""Chat templates that somebody has read, as digests of their trees.

No text is kept, only what tells it again.  ``KNOWN_PARTS`` has a short digest for each
thing that these templates say or ask, see ``template_parts``.

Those of Llama 3, Zephyr, Mistral, Mixtral and Gemma are what public repositories hold
under these names (looked up on 2026-11-26): letter by letter the same in several that
share no history, but for Mistral 0.1, which one has.  The hubs of their makers could
not be reached from here, and nobody compared those that alternate.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KNOWN: dict[str, str] = {
    "9d61b96e4a5d87008d959314d0432a75d08e8d2c": "ChatML",
    "a23bcce99c8c6a07c7b79f189a818263f833ef42": "ChatML, alternating",
    "4ba5b3579fe159ce36caffdabd330e98d4aa21fc": "ChatML, open at the end",
    "34672fa01855172b8e92f48b8b30ccba838adb83": "Gemma",
    "f86fd61832b49aa69841681280097850bdf4cf67": "Gemma 3",
    "cf03b4c83718d68d9b39b577fadf7936fde0534a": "Llama 3",
    "d8b2bbe9fa85731297a5f06656afd9a3c9d5932e": "Llama 3, alternating",
    "aaa24f413ec239b0f42a15d03f9ef166a43d43b2": "Llama 3, always open at the end",
    "a273f9030b4f7d24e5a2767e735a16d4036b85d7": "Llama 3.2 Vision",
    "67a61c7c715d942f496f5d2fda9c650543df3ef8": "Mistral",
    "649011ebd8a6ed4508ec13e50e7c25b5b5774d0a": "Mistral, version 0.1",
    "2d27d050bb83f6bf04f1a9e27c4aa6f8ecb7edba": "Mixtral",
    "d0ed31eec2b7b411ecb250d5848b0dfc42e33c97": "Qwen 2.5",
    "92ec27ff17b774d5e379a4e18778807da2c95d37": "Zephyr",
    "abe11b92bad296fb68a305f2d52ac60992e0ecf4": "Zephyr, alternating",
}
"""First 40 digits of the digest of the tree, and what people call the template."""

KNOWN_PARTS = _words(
    "030ba055fb6f 04f8996da763 05c1545bfed8 084c316a63ad 08ca0c9cdc45 0b4a658e127a "
    "108a4ab374bd 1303c06b0b01 13f24d169356 17076b6d5ec6 17a9ea43212d 1b056c9c24c3 "
    "1d890079dcbd 261b353d8e84 27763942a2e2 3bf379f4f4af 3d4344c5de50 441f43b6ffb9 "
    "46bcd5e77d03 4b168d88dc87 50fae25d8a2b 51158819a4f4 51c74139ee3e 5a1f48947c24 "
    "6105d6cc76af 64994f86f60f 653ee3b59db9 66b9ea09bd5b 679c9e4818be 6a573249b754 "
    "6a7be3a1fb32 6bb272871b91 6c754d502db8 6e1b1b82c516 735a2939114f 73f5bbbad6c4 "
    "7b07e5e6af9e 7bcf86ef94f6 7c9bbe5ec9b3 7ed247b8469a 882960e4e368 8a5cf192d9cd "
    "90f9de121ab4 9372c470eead 9527f727d969 97410b1bc186 982d9e3eb996 9b7cad784806 "
    "9f13a9c83275 a39a7ffad4a3 abe135125499 ad6485d4df94 ada6876ce5b5 b404d126f075 "
    "b666f7e9562c bbc5e661e106 c4acb0dab4ab cc651af837a3 d2496dfaf81a d499f2c2e176 "
    "d6b60b51acc9 e171b7ca2329 e2580fbb25ca e3a7eb780eb9 e3ec59360e9b e42b1ac152af "
    "e8fd89950485 eca716a3c975 ed7002b439e9 eda46c8618b1 f39f72af4fd7 f59b4415209f "
    "f77aa8c086fc "
)

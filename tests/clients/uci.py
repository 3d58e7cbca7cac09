"""Plays with a UCI engine as python-chess does: python uci.py -- COMMAND [ARGUMENT ...]."""

import random
import sys
import time

import chess
import chess.engine


def check_limits(engine):
    board = chess.Board()
    limits = {
        "nodes": chess.engine.Limit(nodes=200),
        "time": chess.engine.Limit(time=0.3),
        "depth": chess.engine.Limit(depth=3),
        "clock": chess.engine.Limit(white_clock=3, black_clock=3, white_inc=0.1, black_inc=0.1),
    }
    for name, limit in limits.items():
        begun = time.monotonic()
        played = engine.play(board, limit, info=chess.engine.INFO_ALL)
        spent = time.monotonic() - begun
        assert played.move in board.legal_moves, played
        assert spent < 5, f"{name} took {spent}"
        print(f"limit {name}: {played.move} after {spent:.2f} s, nodes {played.info.get('nodes')}")


def check_stop(engine):
    """An analysis without a limit runs until it is stopped."""
    with engine.analysis(chess.Board()) as analysis:
        time.sleep(1.5)
        assert any("pv" in info for info in iter(lambda: analysis.get() if not analysis.empty() else {}, {}))
        engine.ping()
        analysis.stop()
        best = analysis.wait()
    assert best.move in chess.Board().legal_moves
    print(f"stopped after 1.5 s: {best.move}")


def check_mates(engine, recipes):
    positions = ["6k1/5ppp/8/8/8/8/8/R3K3 w Q - 0 1", "rnbqkbnr/pppp1ppp/8/4p3/6P1/5P2/PPPPP2P/RNBQKBNR b KQkq - 0 2"]
    for recipe in recipes:
        engine.configure({"Recipe": recipe})
        for fen in positions:
            board = chess.Board(fen)
            board.push(engine.play(board, chess.engine.Limit(nodes=1500)).move)
            assert board.is_checkmate(), (recipe, fen, board.peek())
    print(f"mates in one: found by {', '.join(recipes)}")


def play_games(engine, games, nodes):
    """Against random moves, from all kinds of starts; python-chess refuses illegal moves."""
    won = drawn = 0
    rng = random.Random(1)
    for index in range(games):
        board = chess.Board()
        side = chess.WHITE if index % 2 == 0 else chess.BLACK
        while not board.is_game_over() and board.ply() < 400:
            if board.turn == side:
                board.push(engine.play(board, chess.engine.Limit(nodes=nodes), game=index).move)
            else:
                board.push(rng.choice(list(board.legal_moves)))
        outcome = board.outcome()
        won += outcome is not None and outcome.winner == side
        drawn += outcome is None or outcome.winner is None
        print(f"game {index + 1}: {board.result()} after {board.ply()} half-moves")
    print(f"against random moves: won {won}, drawn {drawn}, lost {games - won - drawn}")


def main():
    command = sys.argv[sys.argv.index("--") + 1 :]
    with chess.engine.SimpleEngine.popen_uci(command, timeout=20) as engine:
        print(engine.id)
        recipes = engine.options["Recipe"].var
        check_limits(engine)
        check_stop(engine)
        check_mates(engine, recipes)
        engine.configure({"Recipe": "uct"})
        play_games(engine, 4, 300)
    print("all right")


if __name__ == "__main__":
    main()

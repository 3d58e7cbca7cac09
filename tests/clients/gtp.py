"""Lets two GTP programs play through gomill's controller: python gtp.py [--size N] [--games N] -- FIRST SECOND."""

import argparse
import shlex

from gomill import gtp_controller


def connect(name, command):
    channel = gtp_controller.Subprocess_gtp_channel(shlex.split(command))
    controller = gtp_controller.Gtp_controller(channel, name)
    controller.check_protocol_version()
    for needed in ["boardsize", "clear_board", "play", "genmove"]:
        assert controller.known_command(needed), needed
    assert not controller.known_command("no_such_command")
    try:
        controller.do_command("no_such_command")
        raise AssertionError("an unknown command was taken")
    except gtp_controller.BadGtpResponse:
        pass
    return controller


def play(black, white, size):
    """Returns how many moves were made and what each side says of the result."""
    for side in (black, white):
        side.do_command("boardsize", str(size))
        side.do_command("clear_board")
        if side.known_command("komi"):
            side.do_command("komi", "7.5")
    passes, count = 0, 0
    players = [("b", black, white), ("w", white, black)]
    while passes < 2 and count < 3 * size * size:
        color, player, other = players[count % 2]
        move = player.do_command("genmove", color)
        if move.lower() == "resign":
            return count, [f"{'W' if color == 'b' else 'B'}+R"] * 2
        other.do_command("play", color, move)
        passes = passes + 1 if move.lower() == "pass" else 0
        count += 1
        if not player.known_command("komi"):
            # Hex ends when it is won, which only then can be scored.
            try:
                return count, [black.do_command("final_score"), white.do_command("final_score")]
            except gtp_controller.BadGtpResponse:
                pass
    return count, [black.do_command("final_score"), white.do_command("final_score")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=9)
    parser.add_argument("--games", type=int, default=2)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("first")
    parser.add_argument("second")
    arguments = parser.parse_args()
    first, second = connect("first", arguments.first), connect("second", arguments.second)
    won = 0
    for index in range(arguments.games):
        black, white = (first, second) if index % 2 == 0 else (second, first)
        count, scores = play(black, white, arguments.size)
        is_won = scores[0].startswith("B" if index % 2 == 0 else "W")
        won += is_won
        print(f"game {index + 1}: first is {'black' if index % 2 == 0 else 'white'}, {count} moves,"
              f" black says {scores[0]}, white says {scores[1]}")
        if arguments.show:
            print(first.do_command("showboard"))
    print(f"the first program won {won} of {arguments.games}")
    for side in (first, second):
        side.safe_do_command("quit")
        side.safe_close()


if __name__ == "__main__":
    main()

"""Java keystores: JKS and JCEKS of the JDK, BKS and UBER of Bouncy Castle; Java's PKCS#12 is read as any other.

An own reader: pyjks had its last release in 2020 and does not install beside a current Python, its forks are young, and
none of them bounds what a hostile file may cost or reads the rest of a keystore past one odd entry.
"""

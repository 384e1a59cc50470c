# A text file as a C source: cmake -DINPUT=FILE -DOUTPUT=FILE.c -DNAME=IDENTIFIER -P embed.cmake
# makes `const char IDENTIFIER[]`, NUL-terminated. Bytes are written as \xNN, 32 a line, so that nothing in the text
# (quotes, backslashes, semicolons, line ends) means anything to CMake or to the compiler.
cmake_minimum_required(VERSION 3.20)

foreach(variable INPUT OUTPUT NAME)
    if("${${variable}}" STREQUAL "")
        message(FATAL_ERROR "embed.cmake: ${variable} is not set")
    endif()
endforeach()

file(READ "${INPUT}" hex HEX)
string(REPEAT "[0-9a-f]" 64 line)
string(REGEX REPLACE "(${line})" "\\1\"\n    \"" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${hex}")
file(WRITE "${OUTPUT}" "extern const char ${NAME}[];\nconst char ${NAME}[] =\n    \"${text}\";\n")
